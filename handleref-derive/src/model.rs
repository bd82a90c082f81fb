//! The typed input: table, key, columns and roles.

use crate::attrs;
use crate::diesel;
use crate::errors::Errors;
use crate::roles::Roles;
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Fields, Ident, LitStr, Path, Type, parse_quote};

/// What the derive knows about a struct. If there were mistakes, what they
/// concern is left out, so that the rest can still be expanded.
pub(crate) struct Model {
    pub(crate) krate: Path,
    pub(crate) ident: Ident,
    pub(crate) table: Path,
    pub(crate) tag: LitStr,
    /// Whether the tag is written in the attribute.
    pub(crate) tag_is_given: bool,
    pub(crate) options: Vec<(Ident, LitStr)>,
    pub(crate) fields: Vec<Field>,
    /// The fields of the primary key.
    pub(crate) key: Vec<usize>,
    pub(crate) roles: Roles,
    /// Managed fields that are to have an index.
    pub(crate) index: Vec<(Span, usize)>,
    /// Sets of fields that are unique among the living.
    pub(crate) unique: Vec<(Span, Vec<usize>)>,
    pub(crate) cascade: Vec<(Span, Path)>,
    pub(crate) parents: Vec<Parent>,
    pub(crate) hooks: Option<Span>,
    pub(crate) secondary: bool,
    /// Whether `Recorded` has properties that Rust computes.
    pub(crate) has_computed: bool,
}

pub(crate) struct Parent {
    pub(crate) key: Span,
    pub(crate) path: Path,
    pub(crate) foreign_key: Vec<usize>,
}

pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    /// The path of the column's type.
    pub(crate) column: TokenStream,
    column_name: Ident,
    pub(crate) attrs: attrs::FieldKeys,
    pub(crate) diesel: diesel::FieldKeys,
}

/// A field by its two names.
pub(crate) trait Named {
    fn ident(&self) -> &Ident;
    fn column_name(&self) -> &Ident;
}

impl Named for Field {
    fn ident(&self) -> &Ident {
        &self.ident
    }
    fn column_name(&self) -> &Ident {
        &self.column_name
    }
}

impl Field {
    /// Whether the field is a column of the table that an update may write.
    pub(crate) fn is_written(&self) -> bool {
        !self.diesel.skip_update && !self.attrs.generated.is_set() && self.is_column()
    }

    /// Whether the field is a column of the table.
    pub(crate) fn is_column(&self) -> bool {
        self.diesel.select_expression.is_none() && self.diesel.embed.is_none()
    }
}

impl Model {
    /// Reads the struct; `None` if the input is nothing that could be a model.
    pub(crate) fn read(input: DeriveInput, errors: &mut Errors) -> Option<Self> {
        let fields = named_fields(&input, errors)?;
        let keys = attrs::StructKeys::read(&input.attrs, errors);
        let diesel = diesel::StructKeys::read(&input.attrs);
        let table = diesel
            .table_name
            .unwrap_or_else(|| diesel::table_name(&input.ident).into());
        let fields = fields
            .into_iter()
            .filter_map(|field| read_field(field, &table, errors))
            .collect::<Vec<_>>();
        let key = primary_key(&input.ident, diesel.primary_key, errors, |name| {
            column(&fields, name)
        });
        let roles = Roles::find(&fields, &key, errors);
        let tag_is_given = keys.tag.is_set();
        let default_tag = || {
            LitStr::new(
                &input.ident.unraw().to_string().to_lowercase(),
                input.ident.span(),
            )
        };

        let indexed = fields.iter().enumerate();
        let index = indexed.filter_map(|(at, field)| Some((field.attrs.index.span()?, at)));
        let index = index.collect();
        let mut unique = Vec::new();
        for (at, field) in fields.iter().enumerate() {
            unique.extend(field.attrs.unique.span().map(|span| (span, vec![at])));
        }
        for (span, set) in keys.unique {
            unique.push((
                span,
                set.iter()
                    .filter_map(|name| field_of(&input.ident, &fields, name, errors))
                    .collect(),
            ));
        }
        let parents = keys
            .parents
            .into_iter()
            .filter_map(|(key, parent)| {
                let foreign_key =
                    foreign_key(&input.ident, &parent, &diesel.belongs_to, &fields, errors)?;
                Some(Parent {
                    key,
                    path: parent.path,
                    foreign_key,
                })
            })
            .collect();
        Some(Self {
            krate: keys
                .krate
                .value()
                .unwrap_or_else(|| parse_quote!(::handleref)),
            table,
            tag: keys.tag.value().unwrap_or_else(default_tag),
            tag_is_given,
            options: keys.options,
            key,
            roles,
            index,
            unique,
            cascade: keys.cascade,
            parents,
            hooks: keys.hooks.span(),
            secondary: keys.secondary.is_set(),
            has_computed: crate::recorded::has_computed(&input.attrs),
            ident: input.ident,
            fields,
        })
    }

    /// Whether a column tells one deletion from another: `deleted_at`, or
    /// `updated_at` with a status.
    pub(crate) fn records_deletions(&self) -> bool {
        self.roles.deleted_at.is_some()
            || (self.roles.status.is_some() && self.roles.updated_at.is_some())
    }

    /// Whether a column says which rows are deleted.
    pub(crate) fn is_soft_deletable(&self) -> bool {
        self.roles.deleted_at.is_some() || self.roles.status.is_some()
    }
}

/// The fields of a struct that can be a model.
pub(crate) fn named_fields(input: &DeriveInput, errors: &mut Errors) -> Option<Vec<syn::Field>> {
    // In the same words for every derive, of which the compiler shows one.
    let form = "`HandleRef` and `Recorded` can be derived for a struct with named fields, one for each column";
    if let Some(parameter) = input.generics.params.first() {
        let message =
            "a model has no generic parameters: it is one table with columns of fixed types";
        errors.push(syn::Error::new_spanned(parameter, message));
        return None;
    }
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => return Some(fields.named.iter().cloned().collect()),
            Fields::Unnamed(fields) => errors.push(syn::Error::new_spanned(fields, form)),
            Fields::Unit => errors.add(input.ident.span(), form),
        },
        Data::Enum(data) => errors.add(data.enum_token.span, form),
        Data::Union(data) => errors.add(data.union_token.span, form),
    }
    None
}

fn read_field(field: syn::Field, table: &Path, errors: &mut Errors) -> Option<Field> {
    let ident = field.ident?;
    let attrs = attrs::FieldKeys::read(&field.attrs, errors);
    let diesel = diesel::FieldKeys::read(&field.attrs);
    let column_name = diesel.column_name.clone().unwrap_or_else(|| ident.clone());
    Some(Field {
        column: quote!(#table::#column_name),
        ty: field.ty,
        ident,
        column_name,
        attrs,
        diesel,
    })
}

/// The field of the column `name`, as Diesel looks it up.
pub(crate) fn column(fields: &[impl Named], name: &Ident) -> Option<usize> {
    fields
        .iter()
        .position(|field| field.column_name().unraw() == name.unraw())
}

/// The field `name`.
fn field_of(
    model: &Ident,
    fields: &[impl Named],
    name: &Ident,
    errors: &mut Errors,
) -> Option<usize> {
    let found = fields
        .iter()
        .position(|field| field.ident().unraw() == name.unraw());
    if found.is_none() {
        let known = fields
            .iter()
            .map(|field| field.ident().unraw().to_string())
            .collect::<Vec<_>>()
            .join("`, `");
        let (model, name_) = (model.unraw(), name.unraw());
        errors.add(
            name.span(),
            format_args!("`{model}` has no field `{name_}`; its fields are `{known}`"),
        );
    }
    found
}

/// The fields of the primary key, which `position` finds by their columns. What
/// several derives of a struct say in the same words is reported once.
pub(crate) fn primary_key(
    model: &Ident,
    given: Option<Vec<Ident>>,
    errors: &mut Errors,
    position: impl Fn(&Ident) -> Option<usize>,
) -> Vec<usize> {
    let Some(names) = given else {
        let id = position(&Ident::new("id", model.span()));
        if id.is_none() {
            errors.add(
                model.span(),
                format_args!(
                    "`{}` has no field `id`; add it, or name the columns of the primary key: `#[diesel(primary_key(..))]`",
                    model.unraw()
                ),
            );
        }
        return id.into_iter().collect();
    };
    let mut key = Vec::new();
    for name in names {
        match position(&name) {
            Some(at) => key.push(at),
            None => errors.add(
                name.span(),
                format_args!(
                    "`{}` has no field for the column `{name}` of its primary key; add one",
                    model.unraw()
                ),
            ),
        }
    }
    key
}

/// Takes what is too much out of the primary key.
pub(crate) fn key_of_at_most_four(
    key: &mut Vec<usize>,
    errors: &mut Errors,
    span: impl Fn(usize) -> Span,
) {
    if let Some(&fifth) = key.get(4) {
        errors.add(
            span(fifth),
            "a primary key of a `HandleRef` or `Recorded` model has at most four columns",
        );
        key.truncate(4);
    }
}

/// The fields that refer to a parent.
pub(crate) fn foreign_key(
    model: &Ident,
    parent: &attrs::Parent,
    belongs_to: &[diesel::BelongsTo],
    fields: &[impl Named],
    errors: &mut Errors,
) -> Option<Vec<usize>> {
    if let Some(names) = &parent.foreign_key {
        return names
            .iter()
            .map(|name| field_of(model, fields, name, errors))
            .collect();
    }
    let name = &parent.path.segments.last()?.ident;
    let association = belongs_to
        .iter()
        .find(|association| association.parent == *name);
    let inferred = association.and_then(|association| association.foreign_key.clone());
    let inferred = inferred.unwrap_or_else(|| diesel::foreign_key(name));
    let found = column(fields, &inferred);
    if found.is_none() {
        let (model, inferred, parent) = (model.unraw(), inferred.unraw(), name.unraw());
        errors.add(
            name.span(),
            format_args!(
                "`{model}` has no field `{inferred}`; name the field that refers to the parent: \
                 `parent({parent}, foreign_key = ..)`"
            ),
        );
    }
    found.map(|at| vec![at])
}
