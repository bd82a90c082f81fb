//! Who set a field: the record in which it got the value that it has now.

use super::facts::{
    Capture, RECORD_CHANGESET, RECORD_ID, RECORD_OPERATION, RECORD_VERSION, RECORDED_AT,
};
use super::model::Recall;
use super::query::{KeyIs, Sql};
use super::value::{Fields, Json};
use crate::engine::{Engine, Kind};
use crate::error::Error;
use crate::executor::{Executor, Steps, Texts};
use crate::text::{parse_time, read_all, time_as_text};
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

pub(super) async fn blame<M, C>(conn: &mut C, key: &M::RecordKey) -> Result<Vec<Blame>, Error>
where
    C: Executor,
    M: Recall<C> + Fields<Json>,
{
    let condition = KeyIs::<M, C>::new(key);
    let columns: Vec<(&'static str, &'static str)> = M::FIELDS
        .iter()
        .zip(M::RECORDING.columns)
        .filter(|(_, column)| column.capture == Capture::Value)
        .map(|(field, column)| (*field, column.name))
        .collect();
    let query = query::<M, C>(&condition, &columns);
    let rows = conn.texts(query).await?;
    let mut blames = read_all(rows, "a record", |row| read(row, &columns))?;
    blames.sort_by_key(|(at, _)| *at);
    Ok(blames.into_iter().map(|(_, blame)| blame).collect())
}

/// The records of the row in order, each value compared with the one before
/// it; of each column the last record in which it differs; and those records.
fn query<'a, M, C>(
    condition: &'a KeyIs<'a, M, C>,
    columns: &[(&'static str, &'static str)],
) -> Sql<'a, C::Backend>
where
    M: Recall<C>,
    C: Executor,
{
    let records = M::RECORDING.records;
    let mut query = Sql::new("WITH handleref_h AS (SELECT ").name(RECORD_ID);
    for (at, (_, column)) in columns.iter().enumerate() {
        query = query
            .text(", CASE WHEN LAG(")
            .name(RECORD_ID)
            .text(") OVER w IS NULL OR ")
            .name(RECORD_OPERATION)
            .text(" = 'insert' OR ")
            .append(differs(C::Backend::KIND, column))
            .text(" THEN ")
            .name(RECORD_ID)
            .text(format!(" END AS c{at}"));
    }
    query = query
        .text(" FROM ")
        .name(records)
        .text(" WHERE ")
        .part(condition)
        .text(" WINDOW w AS (ORDER BY ")
        .name(RECORD_ID)
        .text(")), handleref_b AS (SELECT ");
    for at in 0..columns.len() {
        let comma = if at > 0 { ", " } else { "" };
        query = query.text(format!("{comma}MAX(c{at}) AS c{at}"));
    }
    query = query.text(" FROM handleref_h) ");
    for at in 0..columns.len() {
        let union = if at > 0 { " UNION ALL " } else { "" };
        query = query
            .text(union)
            .append(record::<C>(C::Backend::KIND, at))
            .text(" FROM handleref_b JOIN ")
            .name(records)
            .text(" handleref_r ON handleref_r.")
            .name(RECORD_ID)
            .text(format!(" = handleref_b.c{at}"));
    }
    query
}

/// Whether a value is another one than in the record before, byte by byte.
fn differs<'a, DB: Engine>(engine: Kind, column: &'static str) -> Sql<'a, DB> {
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
        .text(between)
        .name(column)
        .text(after)
}

/// `SELECT` of a record as four texts: number of the column, record, version
/// and changeset, time.
fn record<'a, C: Steps>(engine: Kind, at: usize) -> Sql<'a, C::Backend> {
    let text = if engine == Kind::Mysql {
        "CHAR"
    } else {
        "TEXT"
    };
    let (open, plus, close) = match engine {
        Kind::Mysql => ("CONCAT(", ", ", ")"),
        _ => ("", " || ", ""),
    };
    let column = |query: Sql<'a, C::Backend>, name: &'static str| {
        query
            .text("CAST(handleref_r.")
            .name(name)
            .text(format!(" AS {text})"))
    };
    let mut query = Sql::new("SELECT ").text(format!("CAST('{at}' AS {text}), "));
    query = column(query, RECORD_ID).text(", ").text(open);
    query = column(query, RECORD_VERSION)
        .text(plus)
        .text("' '")
        .text(plus)
        .text("COALESCE(");
    query = column(query, RECORD_CHANGESET)
        .text(", '')")
        .text(close)
        .text(", ");
    let at = format!("handleref_r.{RECORDED_AT}");
    query.text(time_as_text::<C>(&at))
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
