//! One row, written.

use super::call::Call;
use super::failure::Refused;
use super::policy::Action;
use super::problem::Problem;
use super::read::{Found, absent, answer, encoded, row, show, tag};
use super::routes::Endpoint;
use super::select::Which;
use super::server::{Accepts, Input};
use crate::any::{AnyInstance, AnyKey, AnyModel, Verb};
use crate::engine::{Kind, Typed};
use crate::error::Error;
use crate::facts::{RECORD_CHANGESET, RECORD_ID, RECORD_OPERATION};
use crate::history::ChangesetNo;
use crate::registry::Object;
use crate::session::{AnyRow, Session};
use crate::sql::{Sql, literal};
use axum::response::{IntoResponse, Response};
use http::header::LOCATION;
use http::{HeaderName, HeaderValue, StatusCode};
use std::sync::Arc;

/// What a client sends, as values.
///
/// # Errors
/// 422 for a field that is not known, or that handleref writes itself; 400 for one that is missing.
fn values(
    call: &Call,
    accepts: &Accepts,
    whole: bool,
    object: Option<&Object>,
) -> Result<Option<Typed<'static>>, Problem> {
    let model = &call.server.model;
    let mut problem = Problem::invalid("there are fields that cannot be set");
    let mut wrong = false;
    for (name, value) in &call.body {
        let why = if model.is_managed(name) {
            "is written by the server"
        } else if accepts
            .fields
            .is_some_and(|known| !known.contains(&name.as_str()))
        {
            "is not known"
        } else if model.is_mark(name, value) {
            "says that the row is deleted; delete it instead"
        } else if has_nul(value) {
            "holds a NUL"
        } else {
            continue;
        };
        problem = problem.field(name.as_str(), why);
        wrong = true;
    }
    if wrong {
        return Err(problem);
    }
    let needed = accepts.fields.unwrap_or_default().iter();
    let mut missing = needed
        .filter(|name| whole && !call.body.contains_key(**name))
        .peekable();
    if missing.peek().is_some() {
        let problem = Problem::bad_request(
            "PUT stands in the place of the whole row; PATCH changes a part of it",
        );
        return Err(missing.fold(problem, |it, name| it.field(*name, "is missing")));
    }
    let input = Input {
        request: &call.parts,
        object,
    };
    let mut body = call.body.clone();
    call.server.numbers(&mut body);
    (accepts.make)(body, &input)
}

fn has_nul(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::String(text) => text.contains('\0'),
        serde_json::Value::Array(all) => all.iter().any(has_nul),
        serde_json::Value::Object(all) => all
            .iter()
            .any(|(name, value)| name.contains('\0') || has_nul(value)),
        _ => false,
    }
}

/// What is to be inserted.
pub(super) fn insert(call: &Call) -> Result<Typed<'static>, Problem> {
    call.server.allow(&call.parts, Action::Create, None)?;
    let accepts = call.server.create.as_ref().ok_or_else(Problem::internal)?;
    values(call, accepts, false, None)?.ok_or_else(Problem::internal)
}

pub(super) async fn create(
    call: &Call,
    conn: &mut dyn Session,
    changeset: ChangesetNo,
    insert: &Typed<'_>,
) -> Result<Response, Refused> {
    let on = call.server.model.on(conn.kind())?;
    let Some(key) = inserted(call, conn, on, changeset, insert).await? else {
        // A trigger of the database's took it away, or keeps it from being found.
        return Ok(StatusCode::CREATED.into_response());
    };
    let new = row(call, conn, &key, false).await?;
    call.server
        .allow(&call.parts, Action::Create, Some(&new.object))?;
    Ok(created(call, &new)?)
}

/// What is answered to whoever has inserted a row.
pub(super) fn created(call: &Call, new: &Found) -> Result<Response, Problem> {
    let response = match call.server.is_readable(&call.parts, &new.object) {
        true => shown(call, StatusCode::CREATED, new)?,
        false => StatusCode::CREATED.into_response(),
    };
    Ok(at(response, &new.object.key))
}

/// With the way to a row.
pub(super) fn at(mut response: Response, key: &str) -> Response {
    if let Ok(location) = HeaderValue::try_from(format!("./{}/", encoded(key))) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// Inserts a row, and gives its key.
async fn inserted(
    call: &Call,
    conn: &mut dyn Session,
    on: &'static dyn AnyModel,
    changeset: ChangesetNo,
    insert: &Typed<'_>,
) -> Result<Option<AnyKey>, Refused> {
    let inserted = call.server.inserted;
    if conn.kind() != Kind::Mysql {
        let insert = Sql::new("").typed(insert).sql(" RETURNING ");
        let insert = insert.fragment((inserted.selection)());
        let mut key = None;
        conn.each(insert, &mut |row: &AnyRow<'_>| {
            key = Some((inserted.read)(row)?.key());
            Ok(())
        })
        .await?;
        return Ok(key.and_then(|key| on.key(&key)));
    }
    conn.execute(Sql::new("").typed(insert)).await?;
    // What MySQL has no words for, its record tells.
    if let Some(row) = inserted_by(call, conn, on, changeset).await? {
        return Ok(on.key(&row.key()));
    }
    // It was not recorded, because recording is paused or has a condition.
    let number: i64 = conn
        .one::<(i64,)>(Sql::new("SELECT CAST(LAST_INSERT_ID() AS SIGNED)"))
        .await?
        .0;
    Ok(on.key(&number.to_string()))
}

/// The row that a changeset inserted, as it was then.
pub(super) async fn inserted_by(
    call: &Call,
    conn: &mut dyn Session,
    on: &'static dyn AnyModel,
    changeset: ChangesetNo,
) -> Result<Option<Arc<dyn AnyInstance>>, Refused> {
    let kind = conn.kind();
    let from = Sql::new(" FROM ").name(call.server.model.record_table());
    let from = from.sql(" AS ").name(call.server.model.table());
    let from = from
        .sql(" WHERE ")
        .name(RECORD_CHANGESET)
        .sql(" = ")
        .bind(changeset.0);
    let from = from.sql(" AND ").name(RECORD_OPERATION).sql(" = ");
    let from = from.made(literal(kind, "insert"));
    let from = from.sql(" ORDER BY ").name(RECORD_ID).sql(" LIMIT 1");
    Ok(on.row(conn, from).await?)
}

/// What a row is after it was written.
pub(super) fn shown(call: &Call, status: StatusCode, row: &Found) -> Result<Response, Problem> {
    let shown = show(call, row, None)?;
    let tag = tag(call, row, &shown);
    if call.prefer.minimal {
        let mut response = StatusCode::NO_CONTENT.into_response();
        let applied = HeaderValue::from_static("return=minimal");
        let headers = response.headers_mut();
        headers.insert(HeaderName::from_static("preference-applied"), applied);
        if let Some(tag) = tag.header() {
            headers.insert(http::header::ETAG, tag);
        }
        return Ok(response);
    }
    Ok(answer(call, status, &shown, Some(&tag)))
}

/// The row that is to be written, locked.
async fn ready(
    call: &Call,
    conn: &mut dyn Session,
    key: &AnyKey,
    (which, action): (Which, Action),
) -> Result<Found, Refused> {
    let row = row(call, conn, key, true).await?;
    if !which.has(row.object.is_deleted) {
        return Err(absent(call, &row).into());
    }
    call.server.allow_write(&call.parts, action, &row.object)?;
    if call.server.needs_if_match && !call.conditions.is_match() {
        let (status, title) = (StatusCode::PRECONDITION_REQUIRED, "Precondition required");
        let detail = "say in `If-Match` which version is meant: the `ETag` with which it was read";
        return Err(Problem::new(status, "precondition-required", title, detail).into());
    }
    call.conditions.allow(row.object.version)?;
    Ok(row)
}

pub(super) async fn update(
    call: &Call,
    conn: &mut dyn Session,
    key: &AnyKey,
) -> Result<Response, Refused> {
    let (server, whole) = (&call.server, call.endpoint == Endpoint::Replace);
    let before = ready(call, conn, key, (Which::Live, Action::Update)).await?;
    let accepts = match &server.replace {
        Some(replace) if whole => Some(replace),
        _ => server.update.as_ref(),
    };
    let accepts = accepts.ok_or_else(Problem::internal)?;
    let Some(assigned) = values(call, accepts, whole, Some(&before.object))? else {
        return Ok(shown(call, StatusCode::OK, &before)?);
    };
    let update = Sql::new("UPDATE ").name(server.model.table());
    let update = update.sql(" SET ").typed(&assigned);
    let update = update.sql(" WHERE ").typed(&key.condition);
    let version = server.model.roles().version.zip(before.object.version);
    let update = match version {
        Some(((column, _), version)) => {
            let table = server.model.table();
            update
                .sql(" AND ")
                .name(table)
                .sql(".")
                .name(column)
                .sql(" = ")
                .bind(version)
        }
        None => update,
    };
    if conn.execute(update).await? == 0 {
        return Err(Error::Stale {
            model: server.model.name(),
            key: before.object.key.clone(),
            expected: before.object.version.unwrap_or_default(),
            found: before.object.version.unwrap_or_default(),
        }
        .into());
    }
    let after = row(call, conn, key, false).await?;
    Ok(shown(call, StatusCode::OK, &after)?)
}

pub(super) async fn delete(
    call: &Call,
    conn: &mut dyn Session,
    key: &AnyKey,
) -> Result<Response, Refused> {
    let soft = call.server.model.is_soft_deleted();
    let goal = match (call.permanent, soft) {
        // Then also one that is soft-deleted already.
        (true, _) => (Which::All, Action::Purge),
        (false, true) => (Which::Live, Action::Delete),
        (false, false) => (Which::All, Action::Delete),
    };
    let row = ready(call, conn, key, goal).await?;
    let done = match call.permanent || !soft {
        true => {
            let delete = Sql::new("DELETE FROM ").name(call.server.model.table());
            let delete = delete.sql(" WHERE ").typed(&key.condition);
            conn.execute(delete).await? > 0
        }
        false => act(call, conn, &row, Verb::Delete).await?,
    };
    match done {
        true => Ok(StatusCode::NO_CONTENT.into_response()),
        false => Err(Problem::not_found().into()),
    }
}

/// A verb on this very version of a row, with its family and its hooks.
async fn act(
    call: &Call,
    conn: &mut dyn Session,
    row: &Found,
    verb: Verb,
) -> Result<bool, Refused> {
    let verbs = call.server.verbs.ok_or_else(Problem::internal)?;
    let object = &row.object;
    Ok((verbs.one)(conn, &object.key, object.version, verb).await?)
}

pub(super) async fn restore(
    call: &Call,
    conn: &mut dyn Session,
    key: &AnyKey,
) -> Result<Response, Refused> {
    let goal = (Which::Deleted, Action::Restore);
    let before = ready(call, conn, key, goal).await?;
    act(call, conn, &before, Verb::Restore { parents: false }).await?;
    let after = row(call, conn, key, false).await?;
    Ok(shown(call, StatusCode::OK, &after)?)
}
