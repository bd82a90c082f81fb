//! Rules across fields and keys. What breaks a rule is reported and taken out
//! of the model.

use crate::attrs::Role;
use crate::errors::Errors;
use crate::model::{Model, key_of_at_most_four};
use crate::types;
use quote::ToTokens;
use syn::Path;
use syn::ext::IdentExt;

pub(crate) fn check(model: &mut Model, errors: &mut Errors) {
    tag_is_letters(model, errors);
    key_has_at_most_four_columns(model, errors);
    roles_are_for_stored_columns(model, errors);
    managed_columns_are_converted_by_nobody(model, errors);
    version_is_not_null(model, errors);
    status_is_no_primitive(model, errors);
    status_values_differ(model, errors);
    indexes_are_of_managed_fields(model, errors);
    relatives_need_soft_delete(model, errors);
    cascade_needs_a_mark(model, errors);
    names_are_given_once(model, errors);
}

/// The parser of handles takes letters up to the first other character as the tag.
fn tag_is_letters(model: &mut Model, errors: &mut Errors) {
    let tag = model.tag.value();
    if !tag.is_empty() && tag.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return;
    }
    if model.tag_is_given {
        errors.add(
            model.tag.span(),
            format_args!(
                "a tag is made of the letters a to z, such as `tag = \"art\"`, not {tag:?}"
            ),
        );
    } else {
        let message = format!(
            "the tag defaults to the struct's name in lower case, but `{tag}` is not made of the letters a to z; \
             choose one: `#[handleref(tag = \"art\")]`"
        );
        errors.add(model.ident.span(), message);
    }
}

fn key_has_at_most_four_columns(model: &mut Model, errors: &mut Errors) {
    let fields = &model.fields;
    key_of_at_most_four(&mut model.key, errors, |at| fields[at].ident.span());
}

/// Roles and keys need one stored column; conventions skip others silently,
/// attributes must not.
fn roles_are_for_stored_columns(model: &mut Model, errors: &mut Errors) {
    for (at, field) in model.fields.iter().enumerate() {
        if let Some(span) = field.diesel.embed {
            errors.add(
                span,
                "`embed` hides columns from `HandleRef`; write them as fields of this struct, \
                 or derive `HandleRef` on another struct of this table",
            );
        }
        let Some((role, span)) = field.attrs.role else {
            continue;
        };
        if model.key.contains(&at) {
            errors.add(
                span,
                format_args!(
                    "`{}` conflicts with the primary key: mark another field",
                    role.key()
                ),
            );
        } else if let Some(generated) = field.attrs.generated.span() {
            errors.add(
                generated,
                format_args!(
                    "`generated` (the database computes the column) conflicts with `{}`, which handleref writes; keep one of them",
                    role.key()
                ),
            );
        } else if let Some(skip) = field.attrs.skip.span() {
            errors.add(
                skip,
                format_args!(
                    "`skip` (no role) conflicts with `{}`; keep one of them",
                    role.key()
                ),
            );
        } else if field.diesel.select_expression.is_some() {
            let message = "needs a column of the table, and a field with `select_expression` is computed; mark another field";
            errors.add(span, format_args!("`{}` {message}", role.key()));
        }
    }
}

fn managed_columns_are_converted_by_nobody(model: &mut Model, errors: &mut Errors) {
    for (at, field) in model.fields.iter().enumerate() {
        let what = match model.roles.of(at) {
            Some(Role::CreatedAt) => continue,
            Some(role) => format!("`{}`", role.key()),
            None if model.key.contains(&at) => "the primary key".to_owned(),
            None => continue,
        };
        let serialize_as = field
            .diesel
            .serialize_as
            .as_ref()
            .map(|(span, _)| (*span, "serialize_as"));
        let deserialize_as = field
            .diesel
            .deserialize_as
            .map(|span| (span, "deserialize_as"));
        if let Some((span, key)) = serialize_as.or(deserialize_as) {
            let ty = field.ty.to_token_stream();
            errors.add(
                span,
                format_args!(
                    "`{key}` cannot be used for {what}, which handleref reads and writes itself; \
                     implement Diesel's `ToSql` and `FromSql` for `{ty}` instead"
                ),
            );
        }
    }
}

fn version_is_not_null(model: &mut Model, errors: &mut Errors) {
    let Some(at) = model.roles.version else {
        return;
    };
    let ty = &model.fields[at].ty;
    if types::option_argument(ty).is_some() {
        let message = "a version is never null; the correct type is `i64`, `i32` or `i16` \
                       (if this field does not count the changes of the row, mark it with `#[handleref(skip)]`)";
        errors.push(syn::Error::new_spanned(ty, message));
        model.roles.version_is_broken = true;
    }
}

/// Other types are checked by traits; these would be reported at every use of
/// the column.
fn status_is_no_primitive(model: &mut Model, errors: &mut Errors) {
    let Some(status) = &mut model.roles.status else {
        return;
    };
    let ty = &model.fields[status.field].ty;
    if status.values.is_some() && types::is_primitive(ty) {
        let form = "`status(deleted = \"deleted\", live = \"ok\")` or `status(deleted = Status::Deleted, live = Status::Active)`";
        errors.push(syn::Error::new_spanned(
            ty,
            format!(
                "a status is a `String` or an enum, not `{}`: {form}",
                ty.to_token_stream()
            ),
        ));
        status.values = None;
    }
}

fn status_values_differ(model: &mut Model, errors: &mut Errors) {
    let Some((deleted, live)) = model
        .roles
        .status
        .as_ref()
        .and_then(|status| status.values.as_ref())
    else {
        return;
    };
    if deleted.to_token_stream().to_string() == live.to_token_stream().to_string() {
        let message = "`deleted` and `live` are the same value; a restore writes `live`, so it must be another one";
        errors.push(syn::Error::new_spanned(live, message));
    }
}

/// `schema!` makes indexes for what `since` looks for; others are the user's.
fn indexes_are_of_managed_fields(model: &mut Model, errors: &mut Errors) {
    let roles = &model.roles;
    model.index.retain(|&(span, at)| match roles.of(at) {
        Some(Role::Version | Role::CreatedAt | Role::UpdatedAt) => true,
        Some(Role::DeletedAt | Role::Status) => {
            errors.add(span, "this column has an index anyway; leave out `index`");
            false
        }
        None => {
            errors.add(
                span,
                "`index` is for `version`, `created_at` and `updated_at`, which `since` looks for; \
                 for another column write a migration",
            );
            false
        }
    });
}

/// One error for all keys that need it, because one field is missing.
fn relatives_need_soft_delete(model: &mut Model, errors: &mut Errors) {
    if model.is_soft_deletable() {
        return;
    }
    let cascade = model.cascade.first().map(|(span, _)| (*span, "cascade"));
    let parent = model.parents.first().map(|parent| (parent.key, "parent"));
    let hooks = model.hooks.map(|span| (span, "hooks"));
    let unique = model.unique.first().map(|(span, _)| (*span, "unique"));
    if let Some((span, key)) = cascade.or(parent).or(hooks).or(unique) {
        let purpose = if key == "unique" {
            " (elsewhere an ordinary UNIQUE constraint does it)"
        } else {
            ""
        };
        errors.add(
            span,
            format_args!(
                "`{key}` is for soft-deletable models{purpose}, and `{}` is none; add `deleted_at: Option<..>` \
                 (a nullable timestamp), or mark a field with `#[handleref(deleted_at)]` or `#[handleref(status(..))]`",
                model.ident.unraw()
            ),
        );
    }
    model.cascade.clear();
    model.hooks = None;
    model.unique.clear();
}

fn cascade_needs_a_mark(model: &mut Model, errors: &mut Errors) {
    if model.records_deletions() {
        return;
    }
    let is_broken = model
        .roles
        .status
        .as_ref()
        .is_some_and(|status| status.values.is_none());
    if let (Some((span, _)), false) = (model.cascade.first(), is_broken) {
        errors.add(
            *span,
            "`cascade` needs `updated_at`, or `deleted_at: Option<..>` (a nullable timestamp), with the status: \
             a restore brings back the children that were deleted at the same moment as their parent",
        );
    }
    model.cascade.clear();
}

fn names_are_given_once(model: &mut Model, errors: &mut Errors) {
    once(
        &mut model.cascade,
        |(_, path)| path.clone(),
        "this child is given twice; keep one of them",
        errors,
    );
    once(
        &mut model.parents,
        |parent| parent.path.clone(),
        "this parent is given twice; keep one of them",
        errors,
    );
    for (at, (span, set)) in model.unique.iter().enumerate() {
        if model.unique[..at].iter().any(|(_, other)| other == set) {
            errors.add(*span, "this `unique` is given twice; keep one of them");
        }
    }
}

/// Reports and removes items whose path came before.
fn once<T>(items: &mut Vec<T>, path: impl Fn(&T) -> Path, message: &str, errors: &mut Errors) {
    let mut seen = Vec::new();
    items.retain(|item| {
        let path = path(item);
        let name = path.to_token_stream().to_string();
        let is_new = !seen.contains(&name);
        if !is_new {
            errors.push(syn::Error::new_spanned(path, message));
        }
        seen.push(name);
        is_new
    });
}
