//! All rows of a filter, deleted or restored.

use super::call::Call;
use super::failure::Refused;
use super::policy::Action;
use super::problem::Problem;
use super::read::{Found, all, answer};
use super::routes::Endpoint;
use super::select::{Which, condition};
use crate::any::{AnyKey, Verb};
use crate::facts::{RECORD_CHANGESET, RECORD_OPERATION};
use crate::history::{ChangesetNo, Operation};
use crate::registry::Model;
use crate::session::Session;
use crate::sql::{Sql, literal};
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value, json};

/// How many keys one statement names.
const CHUNK: usize = 500;

/// What is done to all of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Goal {
    Delete,
    Restore,
    Purge,
}

impl Goal {
    fn of(call: &Call) -> Self {
        match call.endpoint {
            Endpoint::BulkRestore => Self::Restore,
            _ if call.permanent || !call.server.model.is_soft_deleted() => Self::Purge,
            _ => Self::Delete,
        }
    }

    /// All at once, and each.
    fn actions(self) -> [Action; 2] {
        match self {
            Self::Delete => [Action::BulkDelete, Action::Delete],
            Self::Restore => [Action::BulkRestore, Action::Restore],
            Self::Purge => [Action::BulkPurge, Action::Purge],
        }
    }

    fn which(self) -> Which {
        match self {
            Self::Delete => Which::Live,
            Self::Restore => Which::Deleted,
            Self::Purge => Which::All,
        }
    }
}

/// What is to be done to all rows of the filter.
pub(super) fn goal(call: &Call, conn: &mut dyn Session) -> Result<Goal, Problem> {
    let (server, goal) = (&call.server, Goal::of(call));
    let [bulk, _] = goal.actions();
    server.allow(&call.parts, bulk, None)?;
    if goal == Goal::Purge && !server.bulk_hard_delete.is_on() {
        let detail = "rows are not deleted for good here, many at once";
        return Err(Problem::forbidden(detail));
    }
    let narrowed = server
        .filters
        .iter()
        .any(|filter| call.query.has(filter.name))
        || ["since", "until"].iter().any(|name| call.query.has(name));
    if server.bulk_needs_filter && !narrowed {
        let detail = "say by a filter which rows are meant";
        return Err(Problem::bad_request(detail));
    }
    condition(call, conn.kind(), goal.which())?;
    Ok(goal)
}

pub(super) async fn change(
    call: &Call,
    conn: &mut dyn Session,
    goal: Goal,
    changeset: ChangesetNo,
) -> Result<Response, Refused> {
    let (kind, [_, each]) = (conn.kind(), goal.actions());
    let limit = call.server.bulk_limit;
    let sql = Sql::new("(")
        .append(condition(call, kind, goal.which())?)
        .sql(") LIMIT ");
    let sql = sql.bind(i64::from(limit) + 1).lock();
    let mut rows = all(call, conn, sql).await?;
    if rows.len() > usize::try_from(limit).unwrap_or(usize::MAX) {
        let detail =
            format!("more than {limit} rows are meant, which is more than can be changed at once");
        return Err(Problem::bad_request(detail).into());
    }
    // What may not be read is not there, as in lists.
    rows.retain(|row| call.server.is_readable(&call.parts, &row.object));
    let found = rows.len() as u64;
    if let Some(most) = call.prefer.max_affected.filter(|most| found > *most) {
        let detail = format!("{found} rows are meant, and `Prefer` says {most} at most");
        return Err(Problem::bad_request(detail).into());
    }
    let mut keys = Vec::with_capacity(rows.len());
    let on = call.server.model.on(kind)?;
    for Found { object, .. } in &rows {
        call.server.allow(&call.parts, each, Some(object))?;
        keys.extend(on.key(&object.key));
    }
    let mut count = 0;
    for keys in keys.chunks(CHUNK) {
        count += written(call, conn, goal, keys).await?;
    }
    let per_model = match goal {
        Goal::Purge => deleted_of(call, conn, changeset, count).await?,
        Goal::Delete | Goal::Restore => Map::new(),
    };
    Ok(counted(call, count, per_model))
}

/// Does it to the rows with these keys.
async fn written(
    call: &Call,
    conn: &mut dyn Session,
    goal: Goal,
    keys: &[AnyKey],
) -> Result<usize, Refused> {
    let mut these = Sql::once("(");
    for (at, key) in keys.iter().enumerate() {
        these = these.sql(if at > 0 { " OR (" } else { "(" });
        these = these.typed(&key.condition).sql(")");
    }
    let these = these.sql(")");
    let verb = match goal {
        Goal::Purge => {
            let delete = Sql::new("DELETE FROM ").name(call.server.model.table());
            return Ok(conn.execute(delete.sql(" WHERE ").append(these)).await?);
        }
        Goal::Delete => Verb::Delete,
        Goal::Restore => Verb::Restore { parents: false },
    };
    let verbs = call.server.verbs.ok_or_else(Problem::internal)?;
    Ok((verbs.set)(conn, these, verb).await?)
}

/// How many rows of each model were deleted, with those that the database deleted along: what is
/// recorded in this changeset.
async fn deleted_of(
    call: &Call,
    conn: &mut dyn Session,
    changeset: ChangesetNo,
    own: usize,
) -> Result<Map<String, Value>, Refused> {
    let mut counts = Map::new();
    for model in call.server.registry.models() {
        let recorded = recorded(conn, model, changeset, Operation::Delete).await?;
        let is_own = model.name() == call.server.model.name();
        let count = if is_own { recorded.max(own) } else { recorded };
        if count > 0 || is_own {
            counts.insert(model.name().to_owned(), count.into());
        }
    }
    Ok(counts)
}

/// What a changeset did to the rows that were meant; with rows of the same model that were
/// deleted or restored along with them.
pub(super) async fn counted_of(
    call: &Call,
    conn: &mut dyn Session,
    changeset: ChangesetNo,
) -> Result<(usize, Map<String, Value>), Refused> {
    let operation = match Goal::of(call) {
        Goal::Purge => return Ok((0, deleted_of(call, conn, changeset, 0).await?)),
        Goal::Delete => Operation::SoftDelete,
        Goal::Restore => Operation::Restore,
    };
    let count = recorded(conn, &call.server.model, changeset, operation).await?;
    Ok((count, Map::new()))
}

/// How many rows of a model had this done to them in a changeset.
async fn recorded(
    conn: &mut dyn Session,
    model: &Model,
    changeset: ChangesetNo,
    operation: Operation,
) -> Result<usize, Refused> {
    let sql = Sql::new("SELECT COUNT(*) FROM ").name(model.record_table());
    let sql = sql.sql(" WHERE ").name(RECORD_CHANGESET);
    let sql = sql.sql(" = ").bind(changeset.0).sql(" AND ");
    let sql = sql.name(RECORD_OPERATION).sql(" = ");
    let sql = sql.made(literal(conn.kind(), operation.as_str()));
    let (count,): (i64,) = conn.one(sql).await?;
    Ok(usize::try_from(count).unwrap_or_default())
}

/// 204, or 200 with what was done.
pub(super) fn counted(call: &Call, count: usize, per_model: Map<String, Value>) -> Response {
    let all = per_model.values().filter_map(Value::as_u64).sum::<u64>();
    let count = all.max(count as u64);
    let prefer = call.prefer;
    let content = call.server.bulk_content.is_on() || prefer.representation;
    let mut response = match content && !prefer.minimal {
        true => {
            let mut body = json!({ "count": count });
            if !per_model.is_empty() {
                body["count_per_model"] = Value::Object(per_model);
            }
            answer(call, StatusCode::OK, &body, None)
        }
        false => StatusCode::NO_CONTENT.into_response(),
    };
    let header = HeaderName::from_static("handleref-count");
    response.headers_mut().insert(header, count.into());
    let mut applied = Vec::new();
    applied.extend(prefer.minimal.then(|| "return=minimal".to_owned()));
    applied.extend(
        prefer
            .max_affected
            .map(|most| format!("max-affected={most}")),
    );
    if let Ok(applied) = HeaderValue::try_from(applied.join(", "))
        && !applied.is_empty()
    {
        let header = HeaderName::from_static("preference-applied");
        response.headers_mut().insert(header, applied);
    }
    response
}
