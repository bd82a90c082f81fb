//! What is recorded, and how, as a constant.

use super::{column_name, table};
use crate::recorded::model::{Field, Model};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Ident;
use syn::spanned::Spanned;

pub(super) fn value(model: &Model, source: &Ident) -> TokenStream {
    let records = &model.records;
    let columns = model.fields.iter().map(column);
    let properties =
        (!model.properties.is_empty()).then(|| quote!(.with_properties(<#source>::__PROPERTIES)));
    let relatives = model.relatives.iter().map(|relative| {
        let (table, on) = (table(&relative.table), &relative.on);
        quote_spanned!(relative.table.span()=> __handleref::facts::Relative::new(
            <#table as __handleref::LiveName>::SQL_NAME, #on
        ))
    });
    let relatives =
        (!model.relatives.is_empty()).then(|| quote!(.with_relatives(&[#(#relatives),*])));
    let condition = model
        .when
        .as_ref()
        .map(|when| quote!(.with_condition(#when)));
    let references = model.references.iter().map(|reference| {
        let columns = reference
            .columns
            .iter()
            .map(|&at| column_name(&model.fields[at]));
        let name = &reference.model;
        quote!(__handleref::facts::Reference::new(&[#(#columns),*], #name))
    });
    let references =
        (!model.references.is_empty()).then(|| quote!(.with_references(&[#(#references),*])));
    let link = model.is_link.then(|| quote!(.as_link()));
    let changeset = model
        .require_changeset
        .then(|| quote!(.with_required_changeset()));
    let notify = model.notify.then(|| quote!(.with_notify()));
    quote! {
        __handleref::facts::Recording::new(#records, &[#(#columns),*])
            #properties
            #relatives
            #condition
            #changeset
            #references
            #link
            #notify
    }
}

/// One recorded column, as a constant.
fn column(field: &Field) -> TokenStream {
    let path = &field.column;
    let mut value = quote!(__handleref::facts::RecordedColumn::of::<#path>());
    let capture = match (&field.keys.skip.0, &field.keys.redact.0) {
        (Some(skip), _) => Some((quote!(Skipped), skip)),
        (_, Some(redact)) => Some((quote!(Redacted), redact)),
        _ => None,
    };
    if let Some((variant, (_, stand_in))) = capture {
        let stand_in = match stand_in {
            Some(sql) => quote!(::core::option::Option::Some(#sql)),
            None => quote!(::core::option::Option::None),
        };
        value.extend(quote!(.with_capture(__handleref::facts::Capture::#variant(#stand_in))));
    }
    if let Some((_, former)) = &field.keys.renamed_from.0 {
        value.extend(quote!(.with_former_name(#former)));
    }
    if let Some((_, sql_type)) = &field.keys.sql_type.0 {
        value.extend(quote!(.with_type(#sql_type)));
    }
    value
}
