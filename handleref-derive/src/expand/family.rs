//! Children and parents.

use super::column_name;
use crate::model::{Model, Parent};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Ident, Path};

pub(super) fn expand(model: &Model) -> TokenStream {
    let links = model.is_soft_deletable().then(|| {
        let (children, parents) = (children(model), parents(model));
        quote!(#children #parents)
    });
    let child_of = model.parents.iter().map(|parent| child_of(model, parent));
    quote!(#links #(#child_of)*)
}

fn is_self(model: &Ident, path: &Path) -> bool {
    path.is_ident(model) || path.is_ident("Self")
}

fn children(model: &Model) -> TokenStream {
    let ident = &model.ident;
    let mut bounds = TokenStream::new();
    let mut links = TokenStream::new();
    let mut checks = TokenStream::new();
    for (_, child) in &model.cascade {
        // A model that asks itself for its children would never be done.
        bounds.extend(if is_self(ident, child) {
            quote!(#ident: __handleref::AsNode<__HandlerefConn> + __handleref::Parents<__HandlerefConn>,)
        } else {
            quote!(#child: __handleref::ChildLink<#ident, __HandlerefConn>,)
        });
        links.extend(quote!(<#child as __handleref::ChildLink<#ident, __HandlerefConn>>::link(),));
        checks.extend(check_child(ident, child));
    }
    quote! {
        #[automatically_derived]
        impl<__HandlerefConn: __handleref::Executor> __handleref::Children<__HandlerefConn> for #ident
        where
            #bounds
        {
            fn children() -> ::std::vec::Vec<__handleref::Link> {
                ::std::vec![#links]
            }
        }
        #checks
    }
}

/// Says at the child's name what the child lacks; bounds would say it where
/// the parent is used.
fn check_child(parent: &Ident, child: &Path) -> TokenStream {
    let name = child.to_token_stream().to_string().replace(' ', "");
    let message = format!(
        "`{name}` is in the cascade of `{parent}`, but does not record which deletion removed a row: \
         add `deleted_at: Option<..>` (a nullable timestamp) to `{name}`, or `updated_at` if it has a status"
    );
    quote_spanned!(child.span()=> const _: () = ::core::assert!(__handleref::child_has_stamp::<#parent, #child>(), #message);)
}

fn parents(model: &Model) -> TokenStream {
    let ident = &model.ident;
    let mut bounds = TokenStream::new();
    let mut links = TokenStream::new();
    let (mut facts_bounds, mut facts) = (TokenStream::new(), TokenStream::new());
    for Parent { path, .. } in &model.parents {
        facts_bounds.extend(quote!(#path: __handleref::ParentOf<#ident, __HandlerefDb>,));
        facts.extend(quote!(<#path as __handleref::ParentOf<#ident, __HandlerefDb>>::parent(),));
        bounds.extend(if is_self(ident, path) {
            quote!(#ident: __handleref::AsNode<__HandlerefConn>,)
        } else {
            quote!(#path: __handleref::ParentLink<#ident, __HandlerefConn>,)
        });
        links.extend(quote!(<#path as __handleref::ParentLink<#ident, __HandlerefConn>>::link(),));
    }
    quote! {
        #[automatically_derived]
        impl<__HandlerefConn: __handleref::Executor> __handleref::Parents<__HandlerefConn> for #ident
        where
            #bounds
        {
            fn parents() -> ::std::vec::Vec<__handleref::Link> {
                ::std::vec![#links]
            }
        }
        #[automatically_derived]
        impl<__HandlerefDb: __handleref::Engine> __handleref::HasParents<__HandlerefDb> for #ident
        where
            #facts_bounds
        {
            fn parents_on() -> ::std::vec::Vec<__handleref::Parent> {
                ::std::vec![#facts]
            }
        }
    }
}

fn child_of(model: &Model, parent: &Parent) -> TokenStream {
    let (ident, path) = (&model.ident, &parent.path);
    let columns = parent
        .foreign_key
        .iter()
        .map(|&at| column_name(&model.fields[at]));
    let check = check_parent(ident, path, parent.foreign_key.len());
    quote! {
        #[automatically_derived]
        impl __handleref::ChildOf<#path> for #ident {
            const FOREIGN_KEY: &'static [&'static str] = &[#(#columns),*];
        }
        #check
    }
}

fn check_parent(child: &Ident, parent: &Path, columns: usize) -> TokenStream {
    let name = parent.to_token_stream().to_string().replace(' ', "");
    let live = format!(
        "`{name}` is the parent of `{child}`, but cannot be soft-deleted: add `deleted_at: Option<..>` \
         (a nullable timestamp) or a status to `{name}`, or take `parent({name})` out"
    );
    let foreign_key = format!(
        "the primary key of `{name}` does not have as many columns as its foreign key in `{child}`, which has {columns}: \
         name as many fields, `parent({name}, foreign_key = (a, b))`"
    );
    quote_spanned! {parent.span()=>
        const _: () = {
            let __handleref_key = __handleref::parent_key::<#parent>();
            ::core::assert!(__handleref_key > 0, #live);
            ::core::assert!(__handleref_key == #columns, #foreign_key);
        };
    }
}
