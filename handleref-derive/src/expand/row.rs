//! How columns are written and read back.

use super::column_name;
use crate::model::{Field, Model};
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Index, Type};

pub(super) fn expand(model: &Model) -> TokenStream {
    let ident = &model.ident;
    let written = model.written().collect::<Vec<_>>();
    let managed = model.managed();
    let converted = written
        .iter()
        .filter_map(|field| converted_type(field).map(|ty| (*field, ty)));
    let (converted_fields, converted_types): (Vec<_>, Vec<_>) =
        converted.map(|(field, ty)| (&field.ident, ty)).unzip();

    let key = model
        .key
        .iter()
        .map(|&at| &model.fields[at])
        .collect::<Vec<_>>();
    let version = model
        .roles
        .version
        .filter(|_| !model.roles.version_is_broken)
        .map(|at| &model.fields[at]);
    let stored = key
        .iter()
        .copied()
        .chain(written.iter().copied())
        .chain(version)
        .map(|field| {
            let (column, ty) = (&field.column, converted_type(field).unwrap_or(&field.ty));
            quote!(#ty: __handleref::Store<#column, __HandlerefDb>)
        });
    let managed_types = managed.iter().map(|field| &field.ty).collect::<Vec<_>>();
    let managed_columns = managed
        .iter()
        .map(|field| &field.column)
        .collect::<Vec<_>>();
    let managed_names = managed.iter().map(|field| column_name(field));
    let managed_fields = managed.iter().map(|field| &field.ident).collect::<Vec<_>>();

    // What the columns made of the values is read back, where Diesel reads a
    // field as it is.
    let read = model.fields.iter().enumerate().filter(|(at, field)| {
        let known = model.key.contains(at) || managed.iter().any(|one| one.ident == field.ident);
        let plain = converted_type(field).is_none() && field.diesel.deserialize_as.is_none();
        !known && plain && field.is_column()
    });
    let read = read.map(|(_, field)| field);
    let saved = managed.iter().copied().chain(read).collect::<Vec<_>>();
    let saved_types = saved.iter().map(|field| &field.ty).collect::<Vec<_>>();
    let saved_columns = saved.iter().map(|field| &field.column).collect::<Vec<_>>();
    let saved_names = saved.iter().map(|field| column_name(field));
    let saved_fields = saved.iter().map(|field| &field.ident).collect::<Vec<_>>();

    let conversion = (!converted_fields.is_empty()).then(
        || quote!((#(::core::convert::Into::into(::core::clone::Clone::clone(&self.#converted_fields)),)*)),
    );
    let mut converted_at = 0;
    let values = written.iter().map(|field| {
        if converted_type(field).is_none() {
            return write(field);
        }
        let (column, index) = (&field.column, Index::from(converted_at));
        converted_at += 1;
        quote!(__handleref::Store::<#column, _>::store(&__handleref_converted.#index, __handleref_writer)?;)
    });
    let values = values.collect::<Vec<_>>();
    let keys = key.iter().map(|field| write(field));
    let version_value = version.map(write);
    let held_version = match version {
        Some(_) => quote!(::core::option::Option::Some(
            <Self as __handleref::Versioned>::version(self)
        )),
        None => quote!(::core::option::Option::None),
    };
    let soft = model.is_soft_deletable();
    let live_bound = soft.then(
        || quote!(<Self as __handleref::SoftDelete>::Live: __handleref::Condition<__HandlerefDb>,),
    );
    let (live_test, live_value, held_mark) = if soft {
        (
            quote!(<Self as __handleref::SoftDelete>::Live),
            quote!(<Self as __handleref::SoftDelete>::is_live()),
            quote!(<Self as __handleref::SoftDelete>::deleted_mark(self)),
        )
    } else {
        (
            quote!(__handleref::Always),
            quote!(__handleref::Always),
            quote!(false),
        )
    };
    let handed = model.has_computed.then(|| {
        quote! {
            fn handed(&self) -> ::std::vec::Vec<__handleref::Handed> {
                #[allow(unused_imports)]
                use __handleref::NothingHanded as _;
                __handleref::HandedBy::<#ident>::handed(self)
            }
        }
    });
    quote! {
        type __HandlerefManaged = (#(#managed_types,)*);
        type __HandlerefManagedSql = (#(__handleref::Sql<#managed_columns>,)*);
        type __HandlerefSaved = (#(#saved_types,)*);
        type __HandlerefSavedSql = (#(__handleref::Sql<#saved_columns>,)*);
        #[automatically_derived]
        impl<__HandlerefDb: __handleref::Engine> __handleref::Row<__HandlerefDb> for #ident
        where
            #(#stored,)*
            #live_bound
            __HandlerefManaged: __handleref::diesel::deserialize::FromSqlRow<__HandlerefManagedSql, __HandlerefDb>,
            __HandlerefSaved: __handleref::diesel::deserialize::FromSqlRow<__HandlerefSavedSql, __HandlerefDb>,
        {
            type ManagedSql = __HandlerefManagedSql;
            type Managed = __HandlerefManaged;
            type SavedSql = __HandlerefSavedSql;
            type Saved = __HandlerefSaved;
            type Converted = (#(#converted_types,)*);
            type LiveTest = #live_test;
            const MANAGED: &'static [&'static str] = &[#(#managed_names),*];
            const SAVED: &'static [&'static str] = &[#(#saved_names),*];
            fn live_test() -> Self::LiveTest {
                #live_value
            }
            fn converted(&self) -> Self::Converted {
                #conversion
            }
            fn walk_values<'__h>(
                &'__h self,
                __handleref_converted: &'__h Self::Converted,
                __handleref_writer: &mut __handleref::ColumnWriter<'_, '__h, __HandlerefDb>,
            ) -> __handleref::diesel::QueryResult<()> {
                #(#values)*
                ::core::result::Result::Ok(())
            }
            fn walk_key<'__h>(
                &'__h self,
                __handleref_writer: &mut __handleref::ColumnWriter<'_, '__h, __HandlerefDb>,
            ) -> __handleref::diesel::QueryResult<()> {
                #(#keys)*
                ::core::result::Result::Ok(())
            }
            fn walk_version<'__h>(
                &'__h self,
                __handleref_writer: &mut __handleref::ColumnWriter<'_, '__h, __HandlerefDb>,
            ) -> __handleref::diesel::QueryResult<()> {
                #version_value
                ::core::result::Result::Ok(())
            }
            fn apply(&mut self, __handleref_managed: Self::Managed) {
                (#(self.#managed_fields,)*) = __handleref_managed;
            }
            fn settle(&mut self, __handleref_saved: Self::Saved) {
                (#(self.#saved_fields,)*) = __handleref_saved;
            }
            fn held_version(&self) -> ::core::option::Option<i64> {
                #held_version
            }
            fn held_mark(&self) -> bool {
                #held_mark
            }
            #handed
        }
    }
}

/// The type that Diesel stores instead of the field's.
fn converted_type(field: &Field) -> Option<&Type> {
    field.diesel.serialize_as.as_ref().map(|(_, ty)| ty)
}

fn write(field: &Field) -> TokenStream {
    let (column, ident) = (&field.column, &field.ident);
    quote!(__handleref::Store::<#column, _>::store(&self.#ident, __handleref_writer)?;)
}
