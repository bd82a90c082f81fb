//! The fields as values.

use crate::recorded::model::{Field, Model};
use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Type;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

/// The values of the fields, and what must hold of fields that are left out.
pub(super) fn fields(model: &Model) -> TokenStream {
    let ident = &model.ident;
    let names = model
        .fields
        .iter()
        .map(|field| field.ident.unraw().to_string());
    let types = model.fields.iter().map(|field| &field.ty);
    let idents = model.fields.iter().map(|field| &field.ident);
    let nullable = model.fields.iter().filter_map(|field| {
        let (span, None) = field.keys.left_out()? else {
            return None;
        };
        let column = &field.column;
        // The name of the alias has the span that an error is reported at.
        let test = quote_spanned!(span=> __handleref::may_be_null::<__HandlerefColumn>());
        Some(quote! {
            const _: () = {
                type __HandlerefColumn = #column;
                #test
            };
        })
    });
    let bounds =
        types.map(|ty| quote_spanned!(ty.span()=> #ty: __handleref::FieldValue<__HandlerefFormat>));
    let arms = clean_arms(model);
    quote! {
        #[automatically_derived]
        impl<__HandlerefFormat> __handleref::Fields<__HandlerefFormat> for #ident
        where
            #(#bounds,)*
        {
            const FIELDS: &'static [&'static str] = &[#(#names),*];
            fn values(&self) -> ::std::vec::Vec<__handleref::serde_json::Value> {
                ::std::vec![
                    #(__handleref::FieldValue::<__HandlerefFormat>::value(&self.#idents)),*
                ]
            }
            fn clean(
                __handleref_field: usize,
                __handleref_text: ::core::option::Option<&str>,
            ) -> __handleref::clean::Cleaned {
                match __handleref_field {
                    #(#arms)*
                    _ => __handleref::clean::no_field(),
                }
            }
        }
        #(#nullable)*
    }
}

/// How texts become values of the fields: an arm for each type, because the
/// way depends on what the type implements.
fn clean_arms(model: &Model) -> Vec<TokenStream> {
    let mut types: Vec<(String, &Type, Vec<Literal>)> = Vec::new();
    for (at, Field { ty, .. }) in model.fields.iter().enumerate() {
        let (name, at) = (
            ty.to_token_stream().to_string(),
            Literal::usize_unsuffixed(at),
        );
        match types.iter_mut().find(|(other, ..)| *other == name) {
            Some((.., fields)) => fields.push(at),
            None => types.push((name, ty, vec![at])),
        }
    }
    let arm = |(_, ty, fields): &(String, &Type, Vec<Literal>)| {
        quote! {
            #(#fields)|* => __handleref::clean::Probe::<#ty>::NEW
                .__handleref_clean::<__HandlerefFormat>(__handleref_text),
        }
    };
    types.iter().map(arm).collect()
}
