//! The typed input: table, key, columns and roles.

use crate::attrs::{self, Role, Value};
use crate::diesel;
use crate::errors::Errors;
use crate::types;
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
    /// Sets of fields that are unique among the living.
    pub(crate) unique: Vec<(Span, Vec<usize>)>,
    pub(crate) cascade: Vec<(Span, Path)>,
    pub(crate) parents: Vec<Parent>,
    pub(crate) hooks: Option<Span>,
    pub(crate) secondary: bool,
}

/// The fields that have a role.
#[derive(Default)]
pub(crate) struct Roles {
    pub(crate) version: Option<usize>,
    /// Whether a mistake in the version was reported; it is then stubbed.
    pub(crate) version_is_broken: bool,
    pub(crate) created_at: Option<usize>,
    pub(crate) updated_at: Option<usize>,
    pub(crate) deleted_at: Option<usize>,
    pub(crate) status: Option<Status>,
}

pub(crate) struct Status {
    pub(crate) field: usize,
    /// The values of a deleted row and of a restored one. None if a mistake in
    /// them was reported; the status is then stubbed.
    pub(crate) values: Option<(Value, Value)>,
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

impl Field {
    /// Whether the field is a column of the table that an update may write.
    pub(crate) fn is_written(&self) -> bool {
        !self.diesel.skip_update
            && self.diesel.select_expression.is_none()
            && self.diesel.embed.is_none()
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
        let key = primary_key(&input.ident, diesel.primary_key, &fields, errors);
        let roles = Roles::find(&fields, &key, errors);
        let tag_is_given = keys.tag.is_set();
        let default_tag = || {
            LitStr::new(
                &input.ident.unraw().to_string().to_lowercase(),
                input.ident.span(),
            )
        };

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
            unique,
            cascade: keys.cascade,
            parents,
            hooks: keys.hooks.span(),
            secondary: keys.secondary.is_set(),
            ident: input.ident,
            fields,
        })
    }

    /// Whether a column says which rows are deleted.
    pub(crate) fn is_soft_deletable(&self) -> bool {
        self.roles.deleted_at.is_some() || self.roles.status.is_some()
    }
}

fn named_fields(input: &DeriveInput, errors: &mut Errors) -> Option<Vec<syn::Field>> {
    const FORM: &str =
        "`HandleRef` can be derived for a struct with named fields, one for each column";
    if let Some(parameter) = input.generics.params.first() {
        let message = "a `HandleRef` model has no generic parameters: it is one table with columns of fixed types";
        errors.push(syn::Error::new_spanned(parameter, message));
        return None;
    }
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => return Some(fields.named.iter().cloned().collect()),
            Fields::Unnamed(fields) => errors.push(syn::Error::new_spanned(fields, FORM)),
            Fields::Unit => errors.add(input.ident.span(), FORM),
        },
        Data::Enum(data) => errors.add(data.enum_token.span, FORM),
        Data::Union(data) => errors.add(data.union_token.span, FORM),
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
fn column(fields: &[Field], name: &Ident) -> Option<usize> {
    fields
        .iter()
        .position(|field| field.column_name.unraw() == name.unraw())
}

/// The field `name`.
fn field_of(model: &Ident, fields: &[Field], name: &Ident, errors: &mut Errors) -> Option<usize> {
    let found = fields
        .iter()
        .position(|field| field.ident.unraw() == name.unraw());
    if found.is_none() {
        let known = fields
            .iter()
            .map(|field| field.ident.unraw().to_string())
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

fn primary_key(
    model: &Ident,
    given: Option<Vec<Ident>>,
    fields: &[Field],
    errors: &mut Errors,
) -> Vec<usize> {
    let Some(names) = given else {
        let id = column(fields, &Ident::new("id", model.span()));
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
        match column(fields, &name) {
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

fn foreign_key(
    model: &Ident,
    parent: &attrs::Parent,
    belongs_to: &[diesel::BelongsTo],
    fields: &[Field],
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

impl Roles {
    fn find(fields: &[Field], key: &[usize], errors: &mut Errors) -> Self {
        let mut find =
            |role| by_attribute(fields, role, errors).or_else(|| by_name(fields, key, role));
        let version = find(Role::Version);
        let created_at = find(Role::CreatedAt);
        let updated_at = find(Role::UpdatedAt);
        let deleted_at = find(Role::DeletedAt);
        let status = match by_attribute(fields, Role::Status, errors) {
            // Only text has values of its own that mean deleted and live.
            None if deleted_at.is_none() => {
                by_name(fields, key, Role::Status).filter(|&at| types::is_text(&fields[at].ty))
            }
            marked => marked,
        };
        let status = status.map(|field| Status {
            field,
            values: status_values(&fields[field], errors),
        });
        Self {
            version,
            version_is_broken: false,
            created_at,
            updated_at,
            deleted_at,
            status,
        }
    }

    /// The role of a field.
    pub(crate) fn of(&self, field: usize) -> Option<Role> {
        let status = self.status.as_ref().map(|status| status.field);
        let fields = [
            self.version,
            self.created_at,
            self.updated_at,
            self.deleted_at,
            status,
        ];
        Role::ALL
            .into_iter()
            .zip(fields)
            .find(|(_, at)| *at == Some(field))
            .map(|(role, _)| role)
    }
}

fn by_attribute(fields: &[Field], wanted: Role, errors: &mut Errors) -> Option<usize> {
    let mut found = None;
    for (at, field) in fields.iter().enumerate() {
        match (field.attrs.role, found) {
            (Some((role, _)), None) if role == wanted => found = Some(at),
            (Some((role, span)), Some(first)) if role == wanted => {
                let (key, first) = (wanted.key(), &fields[first].ident);
                errors.add(
                    span,
                    format_args!(
                        "`{key}` is the role of the field `{first}` already; mark one field"
                    ),
                );
            }
            _ => {}
        }
    }
    found
}

fn by_name(fields: &[Field], key: &[usize], role: Role) -> Option<usize> {
    let is_free = |at: usize, field: &Field| {
        let marked = field.attrs.role.is_some() || field.attrs.skip.is_set();
        !marked
            && !key.contains(&at)
            && field.diesel.select_expression.is_none()
            && field.diesel.embed.is_none()
    };
    role.conventional().iter().find_map(|name| {
        (0..fields.len()).find(|&at| fields[at].ident.unraw() == name && is_free(at, &fields[at]))
    })
}

/// The values that `status(..)` gives, or else those of django-handleref.
fn status_values(field: &Field, errors: &mut Errors) -> Option<(Value, Value)> {
    let given = &field.attrs.status;
    if given.are_broken {
        return None;
    }
    let value = |given: &attrs::Once<Value>| given.0.as_ref().map(|(_, value)| value.clone());
    let default = |text| {
        Value::Text(LitStr::new(
            text,
            given.deleted.span().unwrap_or(field.ident.span()),
        ))
    };
    let deleted = value(&given.deleted).unwrap_or_else(|| default("deleted"));
    match (value(&given.live), &deleted) {
        (Some(live), _) => Some((deleted, live)),
        (None, Value::Text(_)) => Some((deleted, default("ok"))),
        (None, Value::Path(path)) => {
            errors.push(syn::Error::new_spanned(
                path,
                "`live` is missing: which variant does a restore write? \
                 The correct form is `status(deleted = Status::Deleted, live = Status::Active)`",
            ));
            None
        }
    }
}
