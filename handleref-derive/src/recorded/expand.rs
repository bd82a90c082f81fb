//! The generated code of `Recorded`.

use super::attrs::Source;
use super::model::{Field, Model};
use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Index, Path};

mod fields;
mod mirrored;
mod recording;

pub(crate) fn expand(model: &Model) -> TokenStream {
    let (krate, vis, ident) = (&model.krate, &model.vis, &model.ident);
    let source = format_ident!("{}Records", ident.unraw());
    let doc = format!("The records of [`{}`].", ident.unraw());
    let properties = properties(model, &source);
    let parts = [
        source_impls(model, &source),
        recorded(model, &source),
        fields::fields(model),
        mirrored::mirrored(model),
    ];
    quote! {
        #[doc = #doc]
        #[derive(
            ::core::fmt::Debug, ::core::clone::Clone, ::core::marker::Copy, ::core::default::Default,
        )]
        #[allow(dead_code, non_camel_case_types, unreachable_pub, clippy::exhaustive_structs)]
        #vis struct #source;
        #[doc(hidden)]
        #[allow(deprecated, unused_qualifications, clippy::absolute_paths)]
        const _: () = {
            use #krate::__private as __handleref;
            #[allow(unused_imports)]
            use __handleref::{NoHandleRef as _, NotVersioned as _, clean::ways::*};
            #(#parts)*
        };
        #properties
    }
}

/// The properties, as constants of the record source. In a block of its own,
/// because the names of SQL types must not hide those of the user's fields.
fn properties(model: &Model, source: &syn::Ident) -> TokenStream {
    if model.properties.is_empty() {
        return TokenStream::new();
    }
    let (krate, vis) = (&model.krate, &model.vis);
    let constants = model.properties.iter().map(|property| {
        let name = property.name.unraw().to_string();
        let doc = format!("The property `{name}`.");
        let (constant, ty) = (
            format_ident!("{}", name.to_uppercase(), span = property.name.span()),
            &property.ty,
        );
        quote! {
            #[doc = #doc]
            #vis const #constant: __handleref::Property<Self, #ty> = __handleref::Property::new(#name);
        }
    });
    let facts = model.properties.iter().map(|property| {
        let (name, ty) = (property.name.unraw().to_string(), &property.ty);
        match &property.source {
            Source::Sql(sql) => {
                let sql = quote!(::core::option::Option::Some(#sql));
                quote!(__handleref::facts::Property::new::<#ty>(#name, #sql))
            }
            Source::With(_) => quote!(__handleref::computed_property::<#ty>(#name)),
        }
    });
    quote! {
        #[doc(hidden)]
        #[allow(
            dead_code, unreachable_pub, unused_qualifications, clippy::absolute_paths,
            clippy::wildcard_imports,
        )]
        const _: () = {
            use #krate::__private as __handleref;
            #[allow(unused_imports)]
            use __handleref::types::*;
            impl #source {
                #(#constants)*
                #[doc(hidden)]
                const __PROPERTIES: &'static [__handleref::facts::Property] = &[#(#facts),*];
            }
        };
    }
}

/// What makes the source a Diesel table.
fn source_impls(model: &Model, source: &syn::Ident) -> TokenStream {
    let ident = &model.ident;
    let columns = model.fields.iter().map(|field| &field.column);
    let table = table(&model.table);
    let (primary_key, primary_key_value) = primary_key(model);
    quote! {
        #[automatically_derived]
        impl __handleref::RecordSource for #source {
            type Model = #ident;
        }
        #[automatically_derived]
        impl __handleref::diesel::query_builder::QueryId for #source {
            type QueryId = Self;
            const HAS_STATIC_QUERY_ID: bool = true;
        }
        #[automatically_derived]
        impl __handleref::diesel::QuerySource for #source {
            type FromClause = __handleref::Records<#ident>;
            type DefaultSelection = __handleref::SnapshotOf<#ident>;
            fn from_clause(&self) -> Self::FromClause {
                __handleref::Records::NEW
            }
            fn default_selection(&self) -> Self::DefaultSelection {
                <Self as __handleref::diesel::Table>::all_columns()
            }
        }
        #[automatically_derived]
        impl __handleref::diesel::query_builder::AsQuery for #source {
            type SqlType = __handleref::Sql<__handleref::SnapshotOf<#ident>>;
            type Query = __handleref::SelectFrom<Self>;
            fn as_query(self) -> Self::Query {
                __handleref::SelectFrom::simple(self)
            }
        }
        #[automatically_derived]
        impl __handleref::diesel::Table for #source {
            type PrimaryKey = #primary_key;
            type AllColumns = __handleref::SnapshotOf<#ident>;
            fn primary_key(&self) -> Self::PrimaryKey {
                #primary_key_value
            }
            fn all_columns() -> Self::AllColumns {
                <#ident as __handleref::Recorded>::snapshot()
            }
        }
        #[automatically_derived]
        impl __handleref::AppearsInFromClause<#table> for #source {
            type Count = __handleref::Once;
        }
        #[automatically_derived]
        impl __handleref::AppearsInFromClause<#source> for #source {
            type Count = __handleref::Once;
        }
        #(
            #[automatically_derived]
            impl __handleref::diesel::SelectableExpression<#source> for #columns {}
        )*
    }
}

/// The table behind a path, with the path's span.
fn table(path: &Path) -> TokenStream {
    quote_spanned!(path.span()=> #path::table)
}

/// A value of a column's type: unlike the name of the constant, it is an error
/// no second time if there is no such column.
fn column_value(field: &Field) -> TokenStream {
    let column = &field.column;
    quote!(<#column as ::core::default::Default>::default())
}

/// The type and the value of the columns of the primary key.
fn primary_key(model: &Model) -> (TokenStream, TokenStream) {
    // After an error there may be none; then any column does that the records have.
    let any = model.fields.get(..1).filter(|_| model.key.is_empty());
    let key = model.key.iter().filter_map(|&at| model.fields.get(at));
    let key: Vec<&Field> = any.into_iter().flatten().chain(key).collect();
    let types = key.iter().map(|field| &field.column);
    let values = key.iter().map(|field| column_value(field));
    match key.len() {
        1 => (quote!(#(#types)*), quote!(#(#values)*)),
        _ => (quote!((#(#types),*)), quote!((#(#values),*))),
    }
}

fn recorded(model: &Model, source: &syn::Ident) -> TokenStream {
    let ident = &model.ident;
    let live_table = table(&model.table);
    let name = ident.unraw().to_string();
    let key_columns = model.key.iter().map(|&at| column_name(&model.fields[at]));
    let recording = recording::value(model, source);
    let computed = model.properties.iter().filter_map(|property| {
        let Source::With(path) = &property.source else {
            return None;
        };
        let name = property.name.unraw().to_string();
        Some(quote_spanned!(path.span()=>
            (#name, __handleref::PropertyValue::text(&#path(self)))
        ))
    });
    let computed = computed.collect::<Vec<_>>();
    let computed = (!computed.is_empty()).then(|| {
        quote! {
            fn computed(&self) -> ::std::vec::Vec<(&'static str, ::core::option::Option<::std::string::String>)> {
                ::std::vec![#(#computed),*]
            }
        }
    });
    let validate = model.validate.as_ref().map(|path| {
        let call = quote_spanned!(path.span()=> #path(self));
        quote! {
            fn validate(&self) -> ::core::result::Result<(), __handleref::HookError> {
                #call
            }
        }
    });
    let (history, history_value) = history(model, source);
    let (key_type, key_value, key_writes) = key(model);
    let (parents_bound, parents) = if model.has_parents {
        (
            quote!(Self: __handleref::HasParents<__HandlerefDb>,),
            quote!(<Self as __handleref::HasParents<__HandlerefDb>>::parents_on()),
        )
    } else {
        (TokenStream::new(), quote!(::std::vec::Vec::new()))
    };
    let stored = model.key.iter().map(|&at| {
        let Field { column, ty, .. } = &model.fields[at];
        quote!(#ty: __handleref::Store<#column, __HandlerefDb>)
    });
    let selection = model.fields.iter().map(|field| &field.column);
    let selection_value = model.fields.iter().map(column_value);
    // Fails where two structs do so. Its name is what the compiler shows.
    let check = quote_spanned!(ident.span()=>
        __handleref::only_one_struct_of_a_table_may_derive_recorded
    );
    quote! {
        #[automatically_derived]
        impl __handleref::RecordedBy<#ident> for #live_table {}
        const _: () = #check::<#live_table, _>();
        #[automatically_derived]
        impl __handleref::Recorded for #ident {
            type LiveTable = #live_table;
            type Records = #source;
            type Snapshot = (#(#selection,)*);
            type RecordKey = #key_type;
            type History = #history;
            const RECORDED_NAME: &'static str = #name;
            const RECORDED_KEY: &'static [&'static str] = &[#(#key_columns),*];
            const RECORDING: __handleref::facts::Recording = #recording;
            const RECORDED_ROLES: __handleref::Roles = __handleref::AsHandleRef::<#ident>::ROLES;
            const RECORDED_UNIQUE: &'static [&'static [&'static str]] =
                __handleref::AsHandleRef::<#ident>::UNIQUE;
            fn snapshot() -> Self::Snapshot {
                (#(#selection_value,)*)
            }
            fn history_of(__handleref_key: Self::RecordKey) -> Self::History {
                #history_value
            }
            fn record_key(&self) -> Self::RecordKey {
                #key_value
            }
            fn recorded_version(&self) -> ::core::option::Option<i64> {
                __handleref::AsHandleRef::<#ident>::version(self)
            }
            #computed
            #validate
        }
        #[automatically_derived]
        impl<__HandlerefDb: __handleref::Engine> __handleref::Recall<__HandlerefDb> for #ident
        where
            #(#stored,)*
            #parents_bound
        {
            fn walk_key<'__h>(
                __handleref_key: &'__h Self::RecordKey,
                __handleref_writer: &mut __handleref::ColumnWriter<
                    '_, '__h, __HandlerefDb,
                >,
            ) -> __handleref::diesel::QueryResult<()> {
                #(#key_writes)*
                ::core::result::Result::Ok(())
            }
            fn recalled_parents() -> ::std::vec::Vec<__handleref::Parent> {
                #parents
            }
        }
    }
}

/// Where the key of `#name` is: the argument itself, or a part of the tuple.
fn key_part(model: &Model, at: usize) -> TokenStream {
    match model.key.len() {
        1 => quote!(__handleref_key),
        _ => {
            let index = Index::from(at);
            quote!(__handleref_key.#index)
        }
    }
}

/// The key's type, its value in an instance, and how it is written.
fn key(model: &Model) -> (TokenStream, TokenStream, Vec<TokenStream>) {
    let fields = model
        .key
        .iter()
        .map(|&at| &model.fields[at])
        .collect::<Vec<_>>();
    let writes = fields.iter().enumerate().map(|(at, field)| {
        let (column, part) = (&field.column, key_part(model, at));
        let part = if fields.len() == 1 {
            part
        } else {
            quote!(&#part)
        };
        quote!(__handleref::Store::<#column, _>::store(#part, __handleref_writer)?;)
    });
    let writes = writes.collect();
    match fields.as_slice() {
        // Only after an error.
        [] => (quote!(i64), quote!(::core::unreachable!()), writes),
        [Field { ident, ty, .. }] => (
            quote!(#ty),
            quote!(::core::clone::Clone::clone(&self.#ident)),
            writes,
        ),
        fields => {
            let types = fields.iter().map(|field| &field.ty);
            let idents = fields.iter().map(|field| &field.ident);
            (
                quote!((#(#types),*)),
                quote!((#(::core::clone::Clone::clone(&self.#idents)),*)),
                writes,
            )
        }
    }
}

/// The type and the value of the query for the records of a row.
fn history(model: &Model, source: &syn::Ident) -> (TokenStream, TokenStream) {
    let (key, ..) = key(model);
    (
        quote!(__handleref::diesel::dsl::Filter<#source, __handleref::OfKey<#source, #key>>),
        quote!(__handleref::diesel::QueryDsl::filter(#source, __handleref::OfKey::new(__handleref_key))),
    )
}

fn column_name(field: &Field) -> TokenStream {
    let column = &field.column;
    quote!(<#column as __handleref::diesel::Column>::NAME)
}
