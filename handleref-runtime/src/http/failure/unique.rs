//! Values that another row has already: which ones, and whether that row is deleted.

use super::super::call::Call;
use super::super::problem::Problem;
use super::super::read::{Found, encoded, found, key, row};
use crate::engine::Kind;
use crate::schema::Catalog;
use crate::session::Session;
use crate::sql::{Raw, Sql, literal, raw};
use diesel::result::DatabaseErrorInformation;
use serde_json::{Map, Value};

pub(super) async fn violated(
    call: &Call,
    conn: &mut dyn Session,
    info: &(dyn DatabaseErrorInformation + Send + Sync),
) -> Problem {
    let detail = "another row has the same values already";
    let problem = Problem::conflict("not-unique", detail);
    let Some(columns) = unique_columns(call, conn, info).await else {
        return problem;
    };
    let holder = holder(call, conn, &columns).await;
    let restores = holder.as_ref().and_then(|holder| way_back(call, holder));
    let what = match (&holder, &restores) {
        (Some(holder), _) if !holder.object.is_deleted => "another row has this value",
        (Some(_), Some(_)) => "a deleted row has this value, which can be restored",
        // It is not known, or not for this user.
        _ => "another row has this value, maybe a deleted one",
    };
    let fields = columns
        .iter()
        .filter_map(|column| call.server.model.field_of(column));
    let fields = fields.filter(|field| !call.is_hidden(field));
    let problem = fields.fold(problem, |problem, field| problem.field(field, what));
    match restores {
        Some(restores) => problem.with("restore", restores),
        None => problem,
    }
}

/// The way, from the address of the request, to what brings a deleted row back, for those who
/// may know of it.
fn way_back(call: &Call, holder: &Found) -> Option<String> {
    let is_seen = call.server.is_readable(&call.parts, &holder.object);
    if !holder.object.is_deleted || !is_seen || !call.server.model.is_soft_deleted() {
        return None;
    }
    let up = match call.endpoint.path().matches('/').count() {
        0 | 1 => "./".to_owned(),
        depth => "../".repeat(depth - 1),
    };
    Some(format!("{up}{}/restore/", encoded(&holder.object.key)))
}

/// The row that has the values, as far as the request says them.
async fn holder(call: &Call, conn: &mut dyn Session, columns: &[String]) -> Option<Found> {
    let kind = conn.kind();
    let own = match &call.key {
        Some(_) => Some(key(call, conn).ok()?),
        None => None,
    };
    let before = match &own {
        Some(own) => row(call, conn, own, false).await.ok()?.object.values,
        None => Map::new(),
    };
    let mut sql = Sql::once("(");
    for (at, column) in columns.iter().enumerate() {
        let field = call.server.model.field_of(column)?;
        let value = call.body.get(field).or_else(|| before.get(field))?;
        sql = sql.sql(if at > 0 { " AND " } else { "" }).name(column);
        sql = sql.sql(" = ").made(written(kind, value)?);
    }
    let sql = match &own {
        Some(own) => sql.sql(" AND NOT (").typed(&own.condition).sql(")"),
        None => sql,
    };
    let rows = found(call, conn, None, sql.sql(") LIMIT 2")).await.ok()?;
    // Where it has to be unique among the living alone, a living row it is.
    rows.into_iter().min_by_key(|row| row.object.is_deleted)
}

/// A value as the database reads it for a column of whatever type.
fn written(kind: Kind, value: &Value) -> Option<Raw> {
    Some(match value {
        Value::String(text) => literal(kind, text),
        Value::Number(number) => raw!("{}", [number.as_i64()?]),
        Value::Bool(true) if kind == Kind::Postgres => "TRUE".into(),
        Value::Bool(false) if kind == Kind::Postgres => "FALSE".into(),
        Value::Bool(is) => raw!("{}", [i64::from(*is)]),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    })
}

/// The columns of the unique index that is violated. PostgreSQL names it, MySQL has its name
/// last in quotes, in whatever language, and SQLite lists the columns.
async fn unique_columns(
    call: &Call,
    conn: &mut dyn Session,
    info: &(dyn DatabaseErrorInformation + Send + Sync),
) -> Option<Vec<String>> {
    let message = info.message();
    let name = match conn.kind() {
        Kind::Sqlite => {
            let (_, columns) = message.split_once("constraint failed: ")?;
            if let Some(index) = columns.strip_prefix("index ") {
                index.trim_matches('\'').to_owned()
            } else {
                let columns = columns.split(", ");
                let bare = columns.filter_map(|column| column.rsplit('.').next());
                return Some(bare.map(str::to_owned).collect());
            }
        }
        Kind::Postgres => info.constraint_name()?.to_owned(),
        Kind::Mysql => {
            let mut quoted = message.rsplit('\'');
            let name = quoted.nth(1)?;
            name.rsplit('.').next()?.to_owned()
        }
    };
    let mut catalog = Catalog::default();
    let table = catalog.table(conn, call.server.model.table()).await.ok()?;
    let found = table.indexes.iter().find(|(it, _)| *it == name);
    found.map(|(_, columns)| columns.clone())
}
