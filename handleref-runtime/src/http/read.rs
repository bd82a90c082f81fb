//! Rows, read.

use super::call::Call;
use super::count::count;
use super::failure::Refused;
use super::policy::Action;
use super::problem::Problem;
use super::routes::Endpoint;
use super::select::{Paging, Which, as_of, condition, unknown};
use super::tag::Tag;
use crate::any::{AnyInstance, AnyKey};
use crate::history::Moment;
use crate::history::as_of::PastRows;
use crate::registry::{Object, load_rows};
use crate::session::Session;
use crate::sql::Sql;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, ETAG, LINK};
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// A row with its type behind it.
pub(super) struct Found {
    pub(super) object: Object,
    pub(super) row: Arc<dyn AnyInstance>,
}

/// ` FROM table`, now or in the past.
pub(super) fn from<'a>(call: &'a Call, past: Option<&'a PastRows>) -> Sql<'a> {
    let model = &call.server.model;
    match past {
        Some(past) => Sql::new(" FROM (")
            .append(Sql::every(past))
            .sql(") AS ")
            .name(model.table()),
        None => Sql::new(" FROM ").name(model.table()),
    }
}

/// Rows of `FROM table WHERE ..`, now or in the past.
pub(super) async fn found(
    call: &Call,
    conn: &mut dyn Session,
    past: Option<&PastRows>,
    condition: Sql<'_>,
) -> Result<Vec<Found>, Refused> {
    let model = &call.server.model;
    let from = from(call, past).sql(" WHERE ").append(condition);
    let on = model.on(conn.kind())?;
    let rows = load_rows(conn, model, on, from).await?;
    let rows = rows.into_iter();
    Ok(rows.map(|(object, row)| Found { object, row }).collect())
}

/// All rows of a condition.
pub(super) async fn all(
    call: &Call,
    conn: &mut dyn Session,
    condition: Sql<'_>,
) -> Result<Vec<Found>, Refused> {
    found(call, conn, None, condition).await
}

/// The key of the path.
///
/// # Errors
/// 404 if no row can have it.
pub(super) fn key(call: &Call, conn: &mut dyn Session) -> Result<AnyKey, Refused> {
    let on = call.server.model.on(conn.kind())?;
    let text = call.key.as_deref().filter(|text| !text.contains('\0'));
    let key = text.and_then(|text| on.key(text));
    key.ok_or_else(|| Problem::not_found().into())
}

/// The row of the path, whatever its life; locked, if it is to be changed.
pub(super) async fn row(
    call: &Call,
    conn: &mut dyn Session,
    key: &AnyKey,
    lock: bool,
) -> Result<Found, Refused> {
    let sql = Sql::new("").typed(&key.condition);
    let sql = if lock { sql.lock() } else { sql };
    let row = found(call, conn, None, sql).await?.pop();
    row.ok_or_else(|| Problem::not_found().into())
}

pub(super) async fn list(call: &Call, conn: &mut dyn Session) -> Result<Response, Refused> {
    let (server, request, kind) = (&call.server, &call.parts, conn.kind());
    let which = Which::of(call.endpoint);
    if which != Which::Deleted {
        server.allow(request, Action::List, None)?;
    }
    if which != Which::Live {
        server.allow(request, Action::ReadDeleted, None)?;
    }
    let past = past(call)?;
    let limit = limit(call, server.page, server.longest_page)?;
    let fields = fields(call)?;
    let paging = Paging::of(call, server.model.on(kind)?)?;
    let sql = Sql::new("(").append(condition(call, kind, which)?).sql(")");
    let sql = paging.write(kind, sql, limit.saturating_add(1))?;
    let mut rows = found(call, conn, past.as_ref(), sql).await?;
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > most;
    rows.truncate(most);
    let next = rows.last().filter(|_| more);
    let next = next.and_then(|last| paging.cursor(&*last.row));
    rows.retain(|row| server.is_readable(request, &row.object));
    let shown = rows.iter().map(|row| show(call, row, fields.as_deref()));
    let shown = Value::Array(shown.collect::<Result<_, Problem>>()?);
    let tag = Tag::weak(digest(&shown.to_string()));
    let mut response = answer(call, StatusCode::OK, &shown, Some(&tag));
    if call.prefer.count {
        count(call, conn, past.as_ref(), which)
            .await?
            .write(response.headers_mut());
    }
    if let Some(cursor) = next {
        let link = format!("<{}>; rel=\"next\"", call.query.with("cursor", &cursor));
        if let Ok(link) = HeaderValue::try_from(link) {
            response.headers_mut().insert(LINK, link);
        }
    }
    Ok(response)
}

/// How many rows are asked for.
pub(super) fn limit(call: &Call, usual: u32, most: u32) -> Result<u32, Problem> {
    let Some(text) = call.query.one("limit") else {
        return Ok(usual);
    };
    match text.parse() {
        Ok(limit) if (1..=most).contains(&limit) => Ok(limit),
        _ => {
            let what = format!("must be a number from 1 to {most}");
            Err(Problem::bad_request(format!("`limit` {what}")).field("limit", what))
        }
    }
}

fn past(call: &Call) -> Result<Option<PastRows>, Problem> {
    let Some(instant) = as_of(call)? else {
        return Ok(None);
    };
    call.server.allow(&call.parts, Action::History, None)?;
    Ok(Some(PastRows {
        subject: call.server.model.subject(),
        point: instant.point(),
    }))
}

pub(super) async fn one(call: &Call, conn: &mut dyn Session) -> Result<Response, Refused> {
    let (server, request) = (&call.server, &call.parts);
    let (past, fields) = (past(call)?, fields(call)?);
    let key = key(call, conn)?;
    let sql = Sql::new("").typed(&key.condition);
    let row = found(call, conn, past.as_ref(), sql).await?.pop();
    let row = row.ok_or_else(Problem::not_found)?;
    if !server.is_readable(request, &row.object) {
        return Err(Problem::not_found().into());
    }
    if !Which::of(call.endpoint).has(row.object.is_deleted) {
        return Err(absent(call, &row).into());
    }
    let shown = show(call, &row, fields.as_deref())?;
    let tag = tag(call, &row, &shown);
    if call.conditions.is_known(Some(&tag)) {
        return Ok(not_modified(&tag));
    }
    Ok(answer(call, StatusCode::OK, &shown, Some(&tag)))
}

/// A row that is not in the part of the table that was asked for: 404, or, where the program
/// wants it so, 410 if it was soft-deleted.
pub(super) fn absent(call: &Call, row: &Found) -> Problem {
    let tells = call.server.gone && row.object.is_deleted;
    if !tells || !call.server.is_readable(&call.parts, &row.object) {
        return Problem::not_found();
    }
    let key = encoded(&row.object.key);
    let detail = "the row is soft-deleted";
    let problem = Problem::new(StatusCode::GONE, "deleted", "Gone", detail);
    let problem = problem.with("deleted", format!("../deleted/{key}/"));
    let roles = call.server.model.roles();
    let at = roles.deleted_at.and_then(|(column, _)| {
        let field = call.server.model.field_of(column)?;
        let mut values = row.object.values.clone();
        call.server.model.zoned(&mut values);
        values.remove(field)
    });
    match at {
        Some(at) => problem.with("deleted_at", at),
        None => problem,
    }
}

pub(super) fn encoded(text: &str) -> String {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// The fields that are asked for.
///
/// # Errors
/// 400 for one that is not there.
pub(super) fn fields(call: &Call) -> Result<Option<Vec<String>>, Problem> {
    let Some(text) = call.query.one("fields") else {
        return Ok(None);
    };
    let mut names: Vec<String> = Vec::new();
    for name in text.split(',') {
        // Said twice it is the same field.
        if !names.iter().any(|it| it == name) {
            names.push(name.to_owned());
        }
    }
    // What a program shows instead is known with the first row.
    let known = |name: &String| {
        let there = call.server.show.is_some() || call.server.model.shows(name);
        there && !call.is_hidden(name)
    };
    match names.iter().find(|name| !known(name)) {
        Some(name) => Err(unknown(name)),
        None => Ok(Some(names)),
    }
}

/// What comes out of a row.
pub(super) fn show(call: &Call, row: &Found, fields: Option<&[String]>) -> Result<Value, Problem> {
    let shown = match &call.server.show {
        Some(show) => show(&*row.row).ok_or_else(Problem::internal)?,
        None => {
            let mut values = row.object.values.clone();
            call.server.model.zoned(&mut values);
            Value::Object(values)
        }
    };
    let Value::Object(mut shown) = shown else {
        return Ok(shown);
    };
    shown.retain(|name, _| !call.is_hidden(name));
    call.server.exact(&mut shown);
    let Some(fields) = fields else {
        return Ok(Value::Object(shown));
    };
    let mut some = Map::new();
    for name in fields {
        let value = shown.remove(name).ok_or_else(|| unknown(name))?;
        some.insert(name.clone(), value);
    }
    Ok(Value::Object(some))
}

/// The tag of what is shown of a row: a strong one, which `If-Match` takes, only of all of it.
pub(super) fn tag(call: &Call, row: &Found, shown: &Value) -> Tag {
    let is_part = ["fields", "as_of"].iter().any(|name| call.query.has(name));
    let is_whole = !is_part && call.hidden.is_empty() && call.endpoint != Endpoint::Version;
    match row.object.version {
        Some(version) if is_whole => Tag::of_version(version),
        Some(version) => Tag::weak(format!("v{version}-{}", digest(&shown.to_string()))),
        None => Tag::weak(digest(&shown.to_string())),
    }
}

fn digest(text: &str) -> String {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn not_modified(tag: &Tag) -> Response {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    if let Some(tag) = tag.header() {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

/// A JSON answer; 304 if the client has it already.
pub(super) fn answer(
    call: &Call,
    status: StatusCode,
    shown: &Value,
    tag: Option<&Tag>,
) -> Response {
    let reads = call.parts.method.is_safe();
    if let Some(tag) = tag.filter(|tag| reads && call.conditions.is_known(Some(tag))) {
        return not_modified(tag);
    }
    let mut response = (status, shown.to_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(tag) = tag.and_then(Tag::header) {
        headers.insert(ETAG, tag);
    }
    response
}
