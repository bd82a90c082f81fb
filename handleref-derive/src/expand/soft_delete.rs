//! Soft delete: by timestamp, by status, or by both.

use crate::attrs::Value;
use crate::model::{Field, Model};
use crate::roles::Status;
use crate::types::option_argument;
use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;

pub(super) fn expand(model: &Model) -> TokenStream {
    let by = match (&model.roles.status, model.roles.deleted_at) {
        (
            Some(Status {
                field,
                values: Some((deleted, live)),
            }),
            _,
        ) => by_status(&model.fields[*field], deleted, live),
        (
            Some(Status {
                field,
                values: None,
            }),
            _,
        ) => by_null(&model.fields[*field], &quote!(::core::unreachable!())),
        (None, Some(at)) => {
            let field = &model.fields[at];
            let deleted_at = &field.ident;
            by_null(
                field,
                &quote_spanned!(field.ty.span()=> __handleref::DeletedField::is_set(&self.#deleted_at)),
            )
        }
        (None, None) => return TokenStream::new(),
    };
    let ident = &model.ident;
    let has_hooks = model.hooks.is_some();
    let on_delete = lifecycle(has_hooks || !model.cascade.is_empty());
    let on_restore = lifecycle(has_hooks || !model.cascade.is_empty() || !model.parents.is_empty());
    let hooks = if has_hooks {
        quote!(WithHooks)
    } else {
        quote!(NoHooks)
    };
    let stamp = model.records_deletions().then(|| {
        quote! {
            #[automatically_derived]
            impl __handleref::DeletionStamp for #ident {}
        }
    });
    quote! {
        #[automatically_derived]
        impl __handleref::SoftDelete for #ident {
            type OnDelete = __handleref::#on_delete;
            type OnRestore = __handleref::#on_restore;
            type Hooks = __handleref::#hooks;
            #by
        }
        #stamp
    }
}

fn lifecycle(with_relatives: bool) -> TokenStream {
    if with_relatives {
        quote!(Family)
    } else {
        quote!(Single)
    }
}

/// Deleted is what is not null.
fn by_null(field: &Field, mark: &TokenStream) -> TokenStream {
    let column = &field.column;
    quote! {
        type Live = __handleref::diesel::dsl::IsNull<#column>;
        type Deleted = __handleref::diesel::dsl::IsNotNull<#column>;
        type Status = __handleref::NoStatus;
        fn is_live() -> Self::Live {
            __handleref::diesel::ExpressionMethods::is_null(#column)
        }
        fn is_deleted() -> Self::Deleted {
            __handleref::diesel::ExpressionMethods::is_not_null(#column)
        }
        fn status() -> Self::Status {
            __handleref::NoStatus
        }
        fn deleted_mark(&self) -> bool {
            #mark
        }
    }
}

/// Deleted is one value; everything else is live, null too.
fn by_status(field: &Field, deleted: &Value, live: &Value) -> TokenStream {
    let (column, ident) = (&field.column, &field.ident);
    let value_type = match deleted {
        Value::Text(_) => quote!(&'static str),
        Value::Path(_) => option_argument(&field.ty)
            .unwrap_or(&field.ty)
            .to_token_stream(),
    };
    let mark = quote_spanned!(field.ty.span()=> __handleref::StatusField::<#value_type>::is(&self.#ident, &#deleted));
    quote! {
        type Live = __handleref::diesel::dsl::Or<
            __handleref::diesel::dsl::NotEq<#column, #value_type>,
            __handleref::diesel::dsl::IsNull<#column>,
        >;
        type Deleted = __handleref::diesel::dsl::Eq<#column, #value_type>;
        type Status = __handleref::StatusOf<#column, #value_type>;
        fn is_live() -> Self::Live {
            __handleref::diesel::BoolExpressionMethods::or(
                __handleref::diesel::ExpressionMethods::ne(#column, #deleted),
                __handleref::diesel::ExpressionMethods::is_null(#column),
            )
        }
        fn is_deleted() -> Self::Deleted {
            __handleref::diesel::ExpressionMethods::eq(#column, #deleted)
        }
        fn status() -> Self::Status {
            __handleref::StatusOf::new(#deleted, #live)
        }
        fn deleted_mark(&self) -> bool {
            #mark
        }
    }
}
