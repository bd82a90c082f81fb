//! Who set a field: the record in which it got the value that it has now.

use super::facts::{
    Capture, RECORD_CHANGESET, RECORD_ID, RECORD_OPERATION, RECORD_VERSION, RECORDED_AT,
};
use super::model::Recall;
use super::query::KeyIs;
use super::value::{Fields, Json};
use crate::engine::{Engine, Kind};
use crate::error::Error;
use crate::session::Session;
use crate::session::Texts;
use crate::sql::Sql;
use crate::sql::{parse_time, read_all, time_as_text};
use chrono::{DateTime, Utc};

/// When a field got its present value (or, of a row that was deleted, its last).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Blame {
    /// The name of the struct's field.
    pub field: &'static str,
    /// The column's SQL name.
    pub column: &'static str,
    /// The record that set it.
    pub record: i64,
    /// The version that set it.
    pub version: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// In which changeset.
    pub changeset: Option<i64>,
}

pub(super) async fn blame<M, DB>(
    conn: &mut dyn Session,
    key: &M::RecordKey,
) -> Result<Vec<Blame>, Error>
where
    DB: Engine,
    M: Recall<DB> + Fields<Json>,
{
    let condition = KeyIs::<M, DB>::new(key);
    let columns: Vec<(&'static str, &'static str)> = M::FIELDS
        .iter()
        .zip(M::RECORDING.columns)
        .filter(|(_, column)| column.capture == Capture::Value)
        .map(|(field, column)| (*field, column.name))
        .collect();
    let query = query::<M, DB>(&condition, &columns);
    let rows = conn.texts(query).await?;
    let mut blames = read_all(rows, "a record", |row| read(row, &columns))?;
    blames.sort_by_key(|(at, _)| *at);
    Ok(blames.into_iter().map(|(_, blame)| blame).collect())
}

/// The records of the row in order, each value compared with the one before
/// it; of each column the last record in which it differs; and those records.
fn query<'a, M, DB>(
    condition: &'a KeyIs<'a, M, DB>,
    columns: &[(&'static str, &'static str)],
) -> Sql<'a>
where
    M: Recall<DB>,
    DB: Engine,
{
    let records = M::RECORDING.records;
    let mut query = Sql::new("WITH handleref_h AS (SELECT ").name(RECORD_ID);
    for (at, (_, column)) in columns.iter().enumerate() {
        query = query
            .sql(", CASE WHEN LAG(")
            .name(RECORD_ID)
            .sql(") OVER w IS NULL OR ")
            .name(RECORD_OPERATION)
            .sql(" = 'insert' OR ")
            .append(differs(DB::KIND, column))
            .sql(" THEN ")
            .name(RECORD_ID)
            .made(format!(" END AS c{at}"));
    }
    query = query
        .sql(" FROM ")
        .name(records)
        .sql(" WHERE ")
        .part::<DB>(condition)
        .sql(" WINDOW w AS (ORDER BY ")
        .name(RECORD_ID)
        .sql(")), handleref_b AS (SELECT ");
    for at in 0..columns.len() {
        let comma = if at > 0 { ", " } else { "" };
        query = query.made(format!("{comma}MAX(c{at}) AS c{at}"));
    }
    query = query.made(" FROM handleref_h) ");
    for at in 0..columns.len() {
        let union = if at > 0 { " UNION ALL " } else { "" };
        query = query
            .made(union)
            .append(record::<DB>(DB::KIND, at))
            .sql(" FROM handleref_b JOIN ")
            .name(records)
            .sql(" handleref_r ON handleref_r.")
            .name(RECORD_ID)
            .made(format!(" = handleref_b.c{at}"));
    }
    query
}

/// Whether a value is another one than in the record before, byte by byte.
fn differs<'a>(engine: Kind, column: &'static str) -> Sql<'a> {
    let (before, between, after) = match engine {
        Kind::Sqlite => ("", " COLLATE BINARY IS NOT LAG(", ") OVER w"),
        // As text, because not every type can be compared.
        Kind::Postgres => (
            "CAST(",
            " AS TEXT) COLLATE \"C\" IS DISTINCT FROM LAG(CAST(",
            " AS TEXT)) OVER w",
        ),
        Kind::Mysql => (
            "NOT (CAST(",
            " AS BINARY) <=> LAG(CAST(",
            " AS BINARY)) OVER w)",
        ),
    };
    Sql::new(before)
        .name(column)
        .made(between)
        .name(column)
        .made(after)
}

/// `SELECT` of a record as four texts: number of the column, record, version
/// and changeset, time.
fn record<'a, DB: Engine>(engine: Kind, at: usize) -> Sql<'a> {
    let text = if engine == Kind::Mysql {
        "CHAR"
    } else {
        "TEXT"
    };
    let (open, plus, close) = match engine {
        Kind::Mysql => ("CONCAT(", ", ", ")"),
        _ => ("", " || ", ""),
    };
    let column = |query: Sql<'a>, name: &'static str| {
        query
            .sql("CAST(handleref_r.")
            .name(name)
            .made(format!(" AS {text})"))
    };
    let mut query = Sql::new("SELECT ").made(format!("CAST('{at}' AS {text}), "));
    query = column(query, RECORD_ID).sql(", ").made(open);
    query = column(query, RECORD_VERSION)
        .made(plus)
        .sql("' '")
        .made(plus)
        .sql("COALESCE(");
    query = column(query, RECORD_CHANGESET)
        .sql(", '')")
        .made(close)
        .sql(", ");
    let at = format!("handleref_r.{RECORDED_AT}");
    query.made(time_as_text(DB::KIND, &at))
}

fn read(row: Texts, columns: &[(&'static str, &'static str)]) -> Option<(usize, Blame)> {
    let (at, record, numbers, time) = row;
    let at: usize = at?.parse().ok()?;
    let (field, column) = *columns.get(at)?;
    let numbers = numbers?;
    let (version, changeset) = numbers.split_once(' ')?;
    let time = parse_time(&time?)?;
    let blame = Blame {
        field,
        column,
        record: record?.parse().ok()?,
        version: version.parse().ok()?,
        at: time.and_utc(),
        changeset: match changeset {
            "" => None,
            number => Some(number.parse().ok()?),
        },
    };
    Some((at, blame))
}
