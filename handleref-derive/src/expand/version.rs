//! The version.

use crate::model::Model;
use proc_macro2::TokenStream;
use quote::quote;

pub(super) fn expand(model: &Model) -> TokenStream {
    let Some(field) = model.roles.version.map(|at| &model.fields[at]) else {
        return TokenStream::new();
    };
    let (ident, column, version, ty) = (&model.ident, &field.column, &field.ident, &field.ty);
    let (ty, value) = if model.roles.version_is_broken {
        (quote!(i64), quote!(::core::unreachable!()))
    } else {
        (
            quote!(#ty),
            quote!(__handleref::version_of::<Self>(&self.#version)),
        )
    };
    quote! {
        #[automatically_derived]
        impl __handleref::Versioned for #ident {
            type VersionColumn = #column;
            type Version = #ty;
            fn version(&self) -> i64 {
                #value
            }
        }
    }
}
