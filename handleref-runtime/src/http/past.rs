//! The past of a row, read.

use super::call::Call;
use super::failure::Refused;
use super::policy::{Action, Decision};
use super::problem::Problem;
use super::read::{Found, answer, fields, limit, show, tag};
use crate::history::{Operation, RecordNo, Side, VersionNo};
use crate::registry::{Entry, Object};
use crate::session::Session;
use axum::response::Response;
use http::header::LINK;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

/// The key of the path, if it can be one.
pub(super) fn key(call: &Call) -> Result<&str, Problem> {
    let key = call.key.as_deref().filter(|text| !text.contains('\0'));
    key.ok_or_else(Problem::not_found)
}

/// The row as a record of it has it.
fn recorded(call: &Call, key: &str, entry: &Entry) -> Object {
    let is_deleted = match entry.operation {
        Operation::Delete | Operation::SoftDelete => true,
        Operation::Insert | Operation::Restore => false,
        _ => call.server.model.is_marked(&entry.values),
    };
    Object::recorded(call.server.model.name(), key, entry, is_deleted)
}

/// Whether this request may see a state of the row.
fn is_open(call: &Call, object: &Object) -> bool {
    let allowed = call
        .server
        .decide(&call.parts, Action::History, Some(object));
    allowed == Decision::Allow
}

pub(super) async fn history(call: &Call, conn: &mut dyn Session) -> Result<Response, Refused> {
    call.server.allow(&call.parts, Action::History, None)?;
    let key = key(call)?;
    let limit = limit(call, 20, call.server.longest_page)?;
    let mut history = call.server.model.history(key).limit(limit);
    if let Some(record) = before(call)? {
        history = history.before(record);
    }
    let page = history.paged(conn).await?;
    if page.entries.is_empty() && !call.query.has("before") {
        return Err(Problem::not_found().into());
    }
    let mut shown = Vec::new();
    for entry in &page.entries {
        if !is_open(call, &recorded(call, key, entry)) {
            continue;
        }
        let mut value = serde_json::to_value(entry).map_err(|_| Problem::internal())?;
        mask(call, &mut value);
        shown.push(value);
    }
    if shown.is_empty() && !page.entries.is_empty() {
        return Err(Problem::not_found().into());
    }
    let response = answer(call, StatusCode::OK, &Value::Array(shown), None);
    Ok(linked(response, limit, page.next))
}

/// Rows that were deleted for good, the last one first.
pub(super) async fn gone(call: &Call, conn: &mut dyn Session) -> Result<Response, Refused> {
    call.server.allow(&call.parts, Action::History, None)?;
    let limit = limit(call, call.server.page, call.server.longest_page)?;
    let before = before(call)?;
    let mut rows = call
        .server
        .model
        .gone(conn, before, limit.saturating_add(1))
        .await?;
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > most;
    rows.truncate(most);
    let next = rows.last().filter(|_| more).map(|(head, _)| head.id);
    let open = rows.iter().filter(|(_, object)| is_open(call, object));
    let shown = open.map(|(head, object)| {
        let mut value = json!({
            "key": object.key, "record": head.id, "version": object.version, "values": object.values,
        });
        mask(call, &mut value);
        value
    });
    let shown = Value::Array(shown.collect());
    Ok(linked(
        answer(call, StatusCode::OK, &shown, None),
        limit,
        next,
    ))
}

/// With the way to the next page.
fn linked(mut response: Response, limit: u32, next: Option<i64>) -> Response {
    let link = next.map(|next| format!("<?limit={limit}&before={next}>; rel=\"next\""));
    if let Some(Ok(link)) = link.map(HeaderValue::try_from) {
        response.headers_mut().insert(LINK, link);
    }
    response
}

/// The record before which a page begins.
fn before(call: &Call) -> Result<Option<RecordNo>, Problem> {
    let Some(text) = call.query.one("before") else {
        return Ok(None);
    };
    match text.parse() {
        Ok(record) => Ok(Some(RecordNo(record))),
        Err(_) => {
            let what = "must be the number of a record";
            Err(Problem::bad_request(format!("`before` {what}")).field("before", what))
        }
    }
}

/// Takes out what must not come out, of values and of changes.
fn mask(call: &Call, value: &mut Value) {
    if let Some(values) = value.get_mut("values").and_then(Value::as_object_mut) {
        values.retain(|field, _| !call.is_hidden(field));
        call.server.model.zoned(values);
    }
    if let Some(changes) = value.get_mut("changes").and_then(Value::as_array_mut) {
        changes.retain(|change| {
            let field = change.get("field").and_then(Value::as_str);
            field.is_some_and(|field| !call.is_hidden(field))
        });
    }
    call.server.exact_in(value);
}

/// A version, as a path or a parameter says it: `12` or `v12`.
fn number(text: &str) -> Option<i64> {
    text.strip_prefix('v').unwrap_or(text).parse().ok()
}

pub(super) async fn version(call: &Call, conn: &mut dyn Session) -> Result<Response, Refused> {
    call.server.allow(&call.parts, Action::History, None)?;
    let (key, fields) = (key(call)?, fields(call)?);
    let version = call.version.as_deref().and_then(number);
    let version = version.ok_or_else(Problem::not_found)?;
    let found = call
        .server
        .model
        .version_of(conn, key, VersionNo(version))
        .await?;
    let (object, row) = found.ok_or_else(Problem::not_found)?;
    if !is_open(call, &object) {
        return Err(Problem::not_found().into());
    }
    let row = Found { object, row };
    let shown = show(call, &row, fields.as_deref())?;
    let tag = tag(call, &row, &shown);
    Ok(answer(call, StatusCode::OK, &shown, Some(&tag)))
}

/// One end of a comparison.
fn side(call: &Call, name: &str) -> Result<Option<Side>, Problem> {
    let Some(text) = call.query.one(name) else {
        return Ok(None);
    };
    if text == "now" {
        return Ok(Some(Side::Now));
    }
    match number(text) {
        Some(version) => Ok(Some(Side::Version(version))),
        None => {
            let what = "must be a version such as v12, or `now`";
            Err(Problem::bad_request(format!("`{name}` {what}")).field(name, what))
        }
    }
}

/// Asks the policy for both ends of a comparison, or for the row as it is.
async fn open_at(
    call: &Call,
    conn: &mut dyn Session,
    key: &str,
    side: Side,
) -> Result<(), Refused> {
    let object = match side {
        Side::Version(version) => {
            let found = call
                .server
                .model
                .version_of(conn, key, VersionNo(version))
                .await?;
            found.map(|(object, _)| object)
        }
        Side::Now => call.server.model.now(conn, key).await?,
    };
    match object.filter(|object| is_open(call, object)) {
        Some(_) => Ok(()),
        None => Err(Problem::not_found().into()),
    }
}

pub(super) async fn diff(call: &Call, conn: &mut dyn Session) -> Result<Response, Refused> {
    call.server.allow(&call.parts, Action::History, None)?;
    let key = key(call)?;
    let Some(from) = side(call, "from")? else {
        let what = "must be a version such as v12";
        return Err(Problem::bad_request(format!("`from` {what}"))
            .field("from", what)
            .into());
    };
    let to = side(call, "to")?.unwrap_or(Side::Now);
    for side in [from, to] {
        open_at(call, conn, key, side).await?;
    }
    let diff = call.server.model.differences(conn, key, (from, to)).await?;
    let mut value = serde_json::to_value(&diff).map_err(|_| Problem::internal())?;
    mask(call, &mut value);
    Ok(answer(call, StatusCode::OK, &value, None))
}

pub(super) async fn blame(call: &Call, conn: &mut dyn Session) -> Result<Response, Refused> {
    call.server.allow(&call.parts, Action::History, None)?;
    let key = key(call)?;
    open_at(call, conn, key, Side::Now).await?;
    let blame = call.server.model.blamed(conn, key).await?;
    let shown = blame.iter().filter(|blame| !call.is_hidden(blame.field));
    let shown: Vec<Value> = shown
        .map(|blame| {
            json!({
                "field": blame.field, "record": blame.record, "version": blame.version,
                "at": blame.at, "changeset": blame.changeset,
            })
        })
        .collect();
    Ok(answer(call, StatusCode::OK, &shown.into(), None))
}
