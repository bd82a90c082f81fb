//! The generated code: trait impls, in an anonymous constant.

use crate::attrs::Role;
use crate::model::{Field, Model};
use proc_macro2::TokenStream;
use quote::quote;

mod family;
mod handle;
mod row;
mod soft_delete;
mod time;
mod version;

pub(crate) fn expand(model: &Model) -> TokenStream {
    let krate = &model.krate;
    let parts = [
        handle::expand(model),
        version::expand(model),
        time::expand(model),
        soft_delete::expand(model),
        row::expand(model),
        family::expand(model),
    ];
    quote! {
        #[doc(hidden)]
        #[allow(deprecated, unused_qualifications, clippy::absolute_paths)]
        const _: () = {
            use #krate::__private as __handleref;
            #(#parts)*
        };
    }
}

/// The SQL name of a column.
fn column_name(field: &Field) -> TokenStream {
    let column = &field.column;
    quote!(<#column as __handleref::diesel::Column>::NAME)
}

impl Model {
    /// The fields that `save` writes, with their positions.
    fn written(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().enumerate().filter_map(|(at, field)| {
            let by_save = matches!(self.roles.of(at), None | Some(Role::Status));
            (by_save && !self.key.contains(&at) && field.is_written()).then_some(field)
        })
    }

    /// The fields that are read back after a write. If nothing is managed, a
    /// part of the key stands in.
    fn managed(&self) -> Vec<&Field> {
        let status = self.roles.status.as_ref().map(|status| status.field);
        let version = self.roles.version.filter(|_| !self.roles.version_is_broken);
        let managed = [
            version,
            self.roles.updated_at,
            self.roles.deleted_at,
            status,
        ];
        let managed = managed.into_iter().flatten().collect::<Vec<_>>();
        let managed = if managed.is_empty() {
            self.key.iter().take(1).copied().collect()
        } else {
            managed
        };
        managed.into_iter().map(|at| &self.fields[at]).collect()
    }
}
