//! The typed input of `Recorded`.

use super::attrs::{FieldKeys, Property, Relative, StructKeys, same_column};
use super::references::{self, Reference};
use crate::errors::Errors;
use crate::model::{Named, column, key_of_at_most_four, named_fields, primary_key};
use crate::{attrs, diesel};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
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
    pub(crate) require_changeset: bool,
    pub(crate) notify: bool,
    pub(crate) references: Vec<Reference>,
    /// Whether the model joins the two that it refers to.
    pub(crate) is_link: bool,
    /// Whether `HandleRef` knows parents of the model.
    pub(crate) has_parents: bool,
}

pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    /// The path of the column's type.
    pub(crate) column: TokenStream,
    column_name: Ident,
    /// The type that Diesel stores instead of the field's.
    pub(crate) stored_as: Option<Type>,
    pub(crate) keys: FieldKeys,
}

impl Named for Field {
    fn ident(&self) -> &Ident {
        &self.ident
    }
    fn column_name(&self) -> &Ident {
        &self.column_name
    }
}

impl Model {
    /// Reads the struct; `None` if the input is nothing that could be a model.
    pub(crate) fn read(input: DeriveInput, errors: &mut Errors) -> Option<Self> {
        let fields = named_fields(&input, errors)?;
        let mut keys = StructKeys::read(&input.attrs, errors);
        let given = diesel::StructKeys::read(&input.attrs);
        let table = given
            .table_name
            .unwrap_or_else(|| diesel::table_name(&input.ident).into());
        let mut fields = fields
            .into_iter()
            .filter_map(|field| read_field(field, &table, errors))
            .collect::<Vec<_>>();
        let mut key = primary_key(&input.ident, given.primary_key, errors, |name| {
            column(&fields, name)
        });
        key_of_at_most_four(&mut key, errors, |at| fields[at].ident.span());
        if fields.is_empty() {
            return None;
        }
        check_fields(&mut fields, &key, errors);
        check_properties(&mut keys.properties, &fields, errors);
        check_relatives(&mut keys.relatives, &table, errors);
        let (references, is_complete) =
            references::read(&input.ident, &input.attrs, &given.belongs_to, &fields);
        let is_link = references::is_link(&references, &key)
            || keys.link.span().is_some_and(|link| {
                references::check_link(link, &input.ident, &references, is_complete, errors)
            });
        let name = diesel::snake_case(&input.ident.unraw().to_string());
        let records = keys
            .table_name
            .value()
            .unwrap_or_else(|| LitStr::new(&format!("{name}_records"), input.ident.span()));
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
            require_changeset: keys.require_changeset.is_set(),
            notify: keys.notify.is_set(),
            references,
            is_link,
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
        stored_as: diesel.serialize_as.map(|(_, ty)| ty),
        ident,
        column_name,
    })
}

/// What is in conflict is reported and taken out, so that nothing else is reported
/// about it.
fn check_fields(fields: &mut [Field], key: &[usize], errors: &mut Errors) {
    for (at, field) in fields.iter_mut().enumerate() {
        let Some((span, _)) = field.keys.left_out() else {
            continue;
        };
        if key.contains(&at) {
            errors.add(
                span,
                "the primary key is always recorded: without it a record would belong to no row",
            );
        } else if let (Some(_), Some(span)) = (field.keys.skip.span(), field.keys.redact.span()) {
            errors.add(
                span,
                "`redact` conflicts with `skip`: a skipped field leaves no trace, a redacted one \
                 leaves the fact that it changed; keep one of them",
            );
        } else {
            continue;
        }
        field.keys.skip.0 = None;
        field.keys.redact.0 = None;
    }
    for field in fields {
        if is_among(&OF_RECORDS, &field.column_name) {
            let name = field.column_name.unraw();
            errors.add(
                name.span(),
                format_args!(
                    "every record has a column `{name}` of its own; give this column another name"
                ),
            );
        }
        if let Some((span, former)) = &field.keys.renamed_from.0
            && field.column_name.unraw() == former.value().as_str()
        {
            errors.add(
                *span,
                format_args!(
                    "`{}` is what the column is called now; `renamed_from` is what it was called before",
                    former.value()
                ),
            );
        }
    }
}

/// The columns of every record table.
const OF_RECORDS: [&str; 9] = [
    "record_id",
    "record_version",
    "record_operation",
    "recorded_at",
    "record_changeset",
    "record_redacted",
    "record_xid",
    "record_stamp",
    "record_life",
];

/// The names of the constants that stand for some of them.
const CONSTANTS: [&str; 5] = ["version", "operation", "at", "changeset", "__properties"];

/// Whether a name is among some, as databases see it.
fn is_among(names: &[&str], name: &Ident) -> bool {
    let name = name.unraw().to_string();
    names.iter().any(|it| it.eq_ignore_ascii_case(&name))
}

fn check_properties(properties: &mut Vec<Property>, fields: &[Field], errors: &mut Errors) {
    properties.retain(|property| {
        let name = property.name.unraw();
        let message = if fields
            .iter()
            .any(|field| same_column(&field.column_name, &name))
        {
            format!("`{name}` is a column already; give the property another name")
        } else if is_among(&OF_RECORDS, &name) || is_among(&CONSTANTS, &name) {
            format!(
                "`{name}` is what every record has by this name; give the property another name"
            )
        } else {
            return true;
        };
        errors.add(property.name.span(), message);
        false
    });
}

fn check_relatives(relatives: &mut Vec<Relative>, table: &Path, errors: &mut Errors) {
    let is_struct = |path: &Path| {
        let last = path.segments.last();
        last.is_some_and(|last| {
            last.ident
                .unraw()
                .to_string()
                .starts_with(char::is_uppercase)
        })
    };
    let this = table.to_token_stream().to_string();
    relatives.retain(|relative| {
        let name = relative.table.to_token_stream().to_string();
        let message = if name == this {
            "a table cannot be its own relative: `on` could not tell its two rows apart; take it out"
        } else if is_struct(&relative.table) {
            "a relative is a table, not a struct: `relative(comments, on = \"comments.article_id = articles.id\")`"
        } else {
            return true;
        };
        errors.push(syn::Error::new_spanned(&relative.table, message));
        false
    });
}
