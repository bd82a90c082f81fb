//! The derive `Recorded`.

use crate::errors::Errors;
use proc_macro2::TokenStream;
use syn::DeriveInput;

mod attrs;
mod expand;
mod model;
mod references;

/// Whether a struct has properties that Rust computes. What is wrong in these
/// attributes is reported by the derive that they belong to.
pub(crate) fn has_computed(attrs: &[syn::Attribute]) -> bool {
    let mut ignored = Errors::default();
    let keys = attrs::StructKeys::read(attrs, &mut ignored);
    drop(ignored.into_tokens());
    let with = |property: &attrs::Property| matches!(property.source, attrs::Source::With(_));
    keys.properties.iter().any(with)
}

pub(crate) fn derive(input: DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let mut output = TokenStream::new();
    if let Some(model) = model::Model::read(input, &mut errors) {
        // In spite of errors, as for `HandleRef`.
        output = expand::expand(&model);
    }
    output.extend(errors.into_tokens());
    output
}
