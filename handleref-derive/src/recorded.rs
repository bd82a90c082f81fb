//! The derive `Recorded`.

use crate::errors::Errors;
use proc_macro2::TokenStream;
use syn::DeriveInput;

mod attrs;
mod expand;
mod model;

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
