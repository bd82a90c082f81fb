//! The typed input of `Recorded`.

use super::attrs::{FieldKeys, Property, Relative, StructKeys};
use crate::errors::Errors;
use crate::model::named_fields;
use crate::{attrs, diesel};
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::{DeriveInput, Ident, LitStr, Path, Type, Visibility, parse_quote};

/// What the derive knows about a recorded struct.
pub(crate) struct Model {
    pub(crate) krate: Path,
    pub(crate) vis: Visibility,
    pub(crate) ident: Ident,
    pub(crate) table: Path,
    pub(crate) records: LitStr,
    pub(crate) fields: Vec<Field>,
    /// The fields of the primary key.
    pub(crate) key: Vec<usize>,
    pub(crate) when: Option<LitStr>,
    pub(crate) validate: Option<Path>,
    pub(crate) properties: Vec<Property>,
    pub(crate) relatives: Vec<Relative>,
    /// Whether `HandleRef` knows parents of the model.
    pub(crate) has_parents: bool,
}

pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    /// The path of the column's type.
    pub(crate) column: TokenStream,
    column_name: Ident,
    pub(crate) keys: FieldKeys,
}

impl Model {
    /// Reads the struct; `None` if the input is nothing that could be a model.
    pub(crate) fn read(input: DeriveInput, errors: &mut Errors) -> Option<Self> {
        let fields = named_fields("Recorded", &input, errors)?;
        let keys = StructKeys::read(&input.attrs, errors);
        let given = diesel::StructKeys::read(&input.attrs);
        let table = given
            .table_name
            .unwrap_or_else(|| diesel::table_name(&input.ident).into());
        let fields = fields
            .into_iter()
            .filter_map(|field| read_field(field, &table, errors))
            .collect::<Vec<_>>();
        let key = primary_key(&input.ident, given.primary_key, &fields, errors);
        check(&fields, &key, &keys.properties, errors);
        let name = diesel::snake_case(&input.ident.unraw().to_string());
        let records = keys
            .table_name
            .value()
            .unwrap_or_else(|| LitStr::new(&format!("{name}_records"), input.ident.span()));
        if records.value().trim().is_empty() {
            errors.add(records.span(), "the name of a record table cannot be empty");
        }
        let handleref = keys_of_handleref(&input);
        Some(Self {
            has_parents: !handleref.parents.is_empty(),
            krate: keys
                .krate
                .value()
                .or_else(|| handleref.krate.value())
                .unwrap_or_else(|| parse_quote!(::handleref)),
            vis: input.vis,
            table,
            records,
            fields,
            key,
            when: keys.when.value(),
            validate: keys.validate.value(),
            properties: keys.properties,
            relatives: keys.relatives,
            ident: input.ident,
        })
    }
}

/// What the struct says to `HandleRef`. What is wrong in these attributes is
/// reported by the derive that they belong to.
fn keys_of_handleref(input: &DeriveInput) -> attrs::StructKeys {
    let mut ignored = Errors::default();
    let keys = attrs::StructKeys::read(&input.attrs, &mut ignored);
    drop(ignored.into_tokens());
    keys
}

fn read_field(field: syn::Field, table: &Path, errors: &mut Errors) -> Option<Field> {
    let ident = field.ident?;
    let diesel = diesel::FieldKeys::read(&field.attrs);
    if let Some(span) = diesel.embed {
        errors.add(
            span,
            "an embedded struct has no column of its own that could be recorded; \
             write its fields out",
        );
        return None;
    }
    if diesel.select_expression.is_some() {
        return None;
    }
    let column_name = diesel.column_name.unwrap_or_else(|| ident.clone());
    Some(Field {
        column: quote!(#table::#column_name),
        ty: field.ty,
        keys: FieldKeys::read(&field.attrs, errors),
        ident,
        column_name,
    })
}

/// The fields of the primary key. That one is missing is reported by
/// `HandleRef` or `Identifiable` in the same words if they are derived too.
fn primary_key(
    model: &Ident,
    given: Option<Vec<Ident>>,
    fields: &[Field],
    errors: &mut Errors,
) -> Vec<usize> {
    let names = given.unwrap_or_else(|| vec![Ident::new("id", Span::call_site())]);
    let mut key = Vec::new();
    for name in names {
        let found = fields
            .iter()
            .position(|field| field.column_name.unraw() == name.unraw());
        match found {
            Some(at) => key.push(at),
            None => errors.add(
                model.span(),
                format_args!(
                    "`{}` has no field for the column `{}` of its primary key; add it, or name the \
                     columns of the primary key: `#[diesel(primary_key(..))]`",
                    model.unraw(),
                    name.unraw()
                ),
            ),
        }
    }
    key
}

fn check(fields: &[Field], key: &[usize], properties: &[Property], errors: &mut Errors) {
    for (at, field) in fields.iter().enumerate() {
        if let (Some(_), Some(span)) = (field.keys.skip.span(), field.keys.redact.span()) {
            errors.add(
                span,
                "`redact` conflicts with `skip`: a skipped field leaves no trace, a redacted one \
                 leaves the fact that it changed; keep one of them",
            );
        }
        if let (true, Some((span, _))) = (key.contains(&at), field.keys.left_out()) {
            errors.add(
                span,
                "the primary key is always recorded: without it a record would belong to no row",
            );
        }
        let taken = properties
            .iter()
            .find(|property| property.name.unraw() == field.column_name.unraw());
        if let Some(property) = taken {
            errors.add(
                property.name.span(),
                format_args!(
                    "`{}` is a column already; give the property another name",
                    property.name.unraw()
                ),
            );
        }
    }
}
