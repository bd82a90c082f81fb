//! Which fields have which role.

use crate::attrs::{self, Role, Value};
use crate::errors::Errors;
use crate::model::Field;
use syn::LitStr;
use syn::ext::IdentExt;

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

impl Roles {
    pub(crate) fn find(fields: &[Field], key: &[usize], errors: &mut Errors) -> Self {
        let mut find =
            |role| by_attribute(fields, role, errors).or_else(|| by_name(fields, key, role));
        let version = find(Role::Version);
        let created_at = find(Role::CreatedAt);
        let updated_at = find(Role::UpdatedAt);
        let deleted_at = find(Role::DeletedAt);
        // Not by its name: many a status says nothing about deletion.
        let status = by_attribute(fields, Role::Status, errors).map(|field| Status {
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
