//! A whole row, as it is written to another database.

use crate::recorded::model::Model;
use proc_macro2::TokenStream;
use quote::quote;
use syn::Index;

pub(super) fn mirrored(model: &Model) -> TokenStream {
    let ident = &model.ident;
    let stored = model.fields.iter().map(|field| {
        let (column, ty) = (&field.column, field.stored_as.as_ref().unwrap_or(&field.ty));
        quote!(#ty: __handleref::Store<#column, __HandlerefDb>)
    });
    let converted = model.fields.iter().filter_map(|field| {
        let stored_as = field.stored_as.as_ref()?;
        Some((field, stored_as))
    });
    let converted: Vec<_> = converted.collect();
    let types = converted.iter().map(|(_, stored_as)| stored_as);
    let bounds = converted.iter().map(|(field, stored_as)| {
        let ty = &field.ty;
        quote!(#ty: __handleref::StoredAs<#stored_as, __HandlerefDb>)
    });
    let values = converted.iter().map(|(field, stored_as)| {
        let ident = &field.ident;
        quote!(__handleref::StoredAs::<#stored_as, __HandlerefDb>::stored_as(&self.#ident),)
    });
    let conversion = (!converted.is_empty()).then(|| quote!((#(#values)*)));
    let mut at = 0;
    let writes = model.fields.iter().map(|field| {
        let column = &field.column;
        let value = match &field.stored_as {
            None => {
                let ident = &field.ident;
                quote!(&self.#ident)
            }
            Some(_) => {
                let index = Index::from(at);
                at += 1;
                quote!(&__handleref_converted.#index)
            }
        };
        quote!(__handleref::Store::<#column, _>::store(#value, __handleref_writer)?;)
    });
    quote! {
        #[automatically_derived]
        impl<__HandlerefDb: __handleref::Engine> __handleref::Mirrored<__HandlerefDb> for #ident
        where
            #(#stored,)*
            #(#bounds,)*
        {
            type Converted = (#(#types,)*);
            fn converted(&self) -> Self::Converted {
                #conversion
            }
            fn walk_row<'__h>(
                &'__h self,
                __handleref_converted: &'__h Self::Converted,
                __handleref_writer: &mut __handleref::ColumnWriter<'_, '__h, __HandlerefDb>,
            ) -> __handleref::diesel::QueryResult<()> {
                #(#writes)*
                ::core::result::Result::Ok(())
            }
        }
    }
}
