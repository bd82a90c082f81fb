//! The timestamps.

use crate::model::Model;
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

pub(super) fn expand(model: &Model) -> TokenStream {
    let roles = &model.roles;
    let Some(updated) = roles.updated_at else {
        // The time of the creation alone says nothing of later changes.
        let created = roles.created_at.map(|at| &model.fields[at].column);
        return created.map_or_else(
            TokenStream::new,
            |column| quote!(type __HandlerefCreatedAt = #column;),
        );
    };
    let created = roles.created_at.unwrap_or(updated);
    let (created, updated) = (&model.fields[created], &model.fields[updated]);
    let (ident, created_at, updated_at) = (&model.ident, &created.column, &updated.column);
    // Aliases have the span of the field's type, which a wrong type is reported at.
    let time_sql = quote_spanned!(updated.ty.span()=> __handleref::PlainTime<__HandlerefUpdatedAt>);
    let agree = roles.created_at.is_some().then(|| {
        let column = quote_spanned!(created.ty.span()=> __HandlerefCreatedAt);
        quote! {
            type __HandlerefCreatedAt = #created_at;
            const _: () = __handleref::timestamps_agree::<#column, #ident>();
        }
    });
    quote! {
        type __HandlerefUpdatedAt = #updated_at;
        #[automatically_derived]
        impl __handleref::Timestamped for #ident {
            type Created = #created_at;
            type Updated = #updated_at;
            type TimeSql = #time_sql;
        }
        #agree
    }
}
