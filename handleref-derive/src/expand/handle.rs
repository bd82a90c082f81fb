//! Identity and the facts of the table.

use super::column_name;
use crate::attrs::Value;
use crate::model::{Field, Model};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;

pub(super) fn expand(model: &Model) -> TokenStream {
    let (ident, table, tag) = (&model.ident, &model.table, &model.tag);
    let name = ident.unraw().to_string();
    let roles = roles(model);
    let key_columns = model.key.iter().map(|&at| column_name(&model.fields[at]));
    let unique = model.unique.iter().map(|(_, set)| {
        let names = set.iter().map(|&at| column_name(&model.fields[at]));
        quote!(&[#(#names),*])
    });
    let index = model
        .index
        .iter()
        .map(|(_, at)| column_name(&model.fields[*at]));
    // Only where there is one: the trait says that there is none.
    let indexed = (!model.index.is_empty())
        .then(|| quote!(const INDEXED: &'static [&'static str] = &[#(#index),*];));
    let options = model.options.iter().map(|(name, value)| {
        let name = name.unraw().to_string();
        quote!((#name, #value))
    });
    let (scope, scope_value) = if model.is_soft_deletable() {
        (
            quote!(__handleref::Undeleted<Self>),
            quote!(<Self as __handleref::HandleRef>::undeleted()),
        )
    } else {
        (quote!(Self::Table), quote!(#table::table))
    };
    let (key, key_value) = key(model);
    let managed = (!model.secondary).then(|| {
        // Fails where two structs do so. Its name is what the compiler shows.
        let check = quote_spanned!(ident.span()=>
            __handleref::if_two_structs_derive_handleref_for_one_table_one_must_say_secondary
        );
        quote! {
            #[automatically_derived]
            impl __handleref::Managed<#ident> for #table::table {}
            const _: () = #check::<#table::table, _>();
        }
    });
    let deleted_at = model.roles.deleted_at.map(|at| {
        let column = &model.fields[at].column;
        quote!(type __HandlerefDeletedAt = #column;)
    });
    let written = model.written().map(column_name);
    quote! {
        #deleted_at
        #[automatically_derived]
        impl __handleref::HandleRef for #ident {
            type Table = #table::table;
            type Scope = #scope;
            type Key = #key;
            const NAME: &'static str = #name;
            const TAG: &'static str = #tag;
            const ROLES: __handleref::Roles = #roles;
            const KEY_COLUMNS: &'static [&'static str] = &[#(#key_columns),*];
            const UNIQUE: &'static [&'static [&'static str]] = &[#(#unique),*];
            #indexed
            const WRITTEN: &'static [&'static str] = &[#(#written),*];
            const OPTIONS: &'static [(&'static str, &'static str)] = &[#(#options),*];
            fn table() -> Self::Table {
                #table::table
            }
            fn scope() -> Self::Scope {
                #scope_value
            }
            fn key(&self) -> Self::Key {
                #key_value
            }
        }
        #managed
    }
}

fn key(model: &Model) -> (TokenStream, TokenStream) {
    let fields = model
        .key
        .iter()
        .map(|&at| &model.fields[at])
        .collect::<Vec<_>>();
    match fields.as_slice() {
        // Only after an error.
        [] => (quote!(i64), quote!(::core::unreachable!())),
        [Field { ident, ty, .. }] => (
            quote!(#ty),
            quote!(__handleref::key_of::<Self>(&self.#ident)),
        ),
        fields => {
            let types = fields.iter().map(|field| &field.ty);
            let idents = fields.iter().map(|field| &field.ident);
            (
                quote!((#(#types),*)),
                quote!((#(::core::clone::Clone::clone(&self.#idents)),*)),
            )
        }
    }
}

fn roles(model: &Model) -> TokenStream {
    let roles = &model.roles;
    let mut value = quote!(__handleref::Roles::NONE);
    if !roles.version_is_broken {
        value.extend(roles.version.map(|_| quote!(.with_version_of::<Self>())));
    }
    value.extend(roles.created_at.map(|at| match roles.updated_at {
        Some(_) => quote!(.with_created_at_of::<Self>()),
        // No `Timestamped` says it then; as below.
        None => {
            let field = &model.fields[at];
            quote_spanned!(field.ty.span()=> .with_created_at::<__HandlerefCreatedAt>())
        }
    }));
    value.extend(
        roles
            .updated_at
            .map(|_| quote!(.with_updated_at_of::<Self>())),
    );
    value.extend(roles.deleted_at.map(|at| {
        let field = &model.fields[at];
        // The name of the alias has the span that a wrong type is reported at.
        quote_spanned!(field.ty.span()=> .with_deleted_at::<__HandlerefDeletedAt>())
    }));
    value.extend(roles.status.as_ref().map(|status| {
        let column = &model.fields[status.field].column;
        let deleted = match &status.values {
            Some((Value::Text(text), _)) => Some(quote!(.with_deleted_status(#text))),
            _ => None,
        };
        quote!(.with_status::<#column>() #deleted)
    }));
    value
}
