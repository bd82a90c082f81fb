//! Who set a field: the record in which it got the value that it has now.

use super::any::{AnyKey, Boxed};
use super::fields::Metadata;
use super::moment::ChangesetNo;
use crate::engine::Kind;
use crate::error::Error;
use crate::facts::{
    Capture, RECORD_CHANGESET, RECORD_ID, RECORD_OPERATION, RECORD_VERSION, RECORDED_AT,
};
use crate::session::Session;
use crate::sql::{Raw, Sql, differs, quoted, raw, unreadable};
use chrono::{DateTime, NaiveDateTime, Utc};

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
    pub changeset: Option<ChangesetNo>,
}

/// For each field the record that set it.
pub(crate) fn blame<'a>(
    conn: &'a mut dyn Session,
    facts: Metadata,
    key: AnyKey,
) -> Boxed<'a, Vec<Blame>> {
    Box::pin(async move {
        let columns: Vec<(&'static str, &'static str)> = facts
            .fields
            .iter()
            .zip(facts.model.recording.columns)
            .filter(|(_, column)| column.capture == Capture::Value)
            .map(|(field, column)| (*field, column.name))
            .collect();
        let query = query(conn.kind(), &facts, &key, &columns);
        let mut rows: Vec<Row> = conn.rows(query).await?;
        rows.sort_by_key(|row| row.0);
        let rows = rows.into_iter();
        rows.map(|row| read(row, &columns)).collect()
    })
}

/// The records of the row, each with the one before it; of each column the last
/// record in which it differs from that; and those records.
///
/// Only the number of the record before is asked by its place: a window with every
/// column in it takes three times as long on SQLite.
fn query<'a>(
    kind: Kind,
    facts: &Metadata,
    key: &'a AnyKey,
    columns: &[(&'static str, &'static str)],
) -> Sql<'a> {
    let records = facts.records();
    let mut query = Sql::new("WITH handleref_h AS (SELECT ")
        .name(RECORD_ID)
        .sql(" AS handleref_at, LAG(")
        .name(RECORD_ID)
        .sql(") OVER (ORDER BY ")
        .name(RECORD_ID)
        .sql(") AS handleref_before FROM ")
        .name(records)
        .sql(" WHERE ")
        .typed(&key.condition)
        .sql("), handleref_b AS (SELECT ");
    for (at, (_, column)) in columns.iter().enumerate() {
        query = query
            .sql(if at > 0 { ", " } else { "" })
            .sql("MAX(CASE WHEN handleref_h.handleref_before IS NULL OR handleref_r.")
            .name(RECORD_OPERATION)
            .sql(" = 'insert' OR ")
            .made(differs_before(kind, column))
            .made(raw!(" THEN handleref_h.handleref_at END) AS c{at}", at));
    }
    query = query
        .sql(" FROM handleref_h JOIN ")
        .name(records)
        .sql(" handleref_r ON handleref_r.")
        .name(RECORD_ID)
        .sql(" = handleref_h.handleref_at LEFT JOIN ")
        .name(records)
        .sql(" handleref_p ON handleref_p.")
        .name(RECORD_ID)
        .sql(" = handleref_h.handleref_before) ");
    for at in 0..columns.len() {
        let union = if at > 0 { " UNION ALL " } else { "" };
        query = query
            .sql(union)
            .append(record(at))
            .sql(" FROM handleref_b JOIN ")
            .name(records)
            .sql(" handleref_r ON handleref_r.")
            .name(RECORD_ID)
            .made(raw!(" = handleref_b.c{at}", at));
    }
    query
}

/// Whether a value is another one than in the record before.
fn differs_before(kind: Kind, column: &str) -> Raw {
    let column = quoted(kind, column);
    let (now, before) = (
        raw!("handleref_r.{column}", column),
        raw!("handleref_p.{column}", column),
    );
    differs(kind, &now, &before)
}

/// Place of the column, record, version, changeset, time.
type Row = (usize, i64, i64, Option<i64>, NaiveDateTime);

/// `SELECT` of a record as a [`Row`].
fn record(at: usize) -> Sql<'static> {
    let columns = [RECORD_ID, RECORD_VERSION, RECORD_CHANGESET, RECORDED_AT];
    Sql::new("SELECT ")
        .made(raw!("{at}, ", at))
        .names("handleref_r.", &columns)
}

fn read(
    (at, record, version, changeset, time): Row,
    columns: &[(&'static str, &'static str)],
) -> Result<Blame, Error> {
    let found = columns
        .get(at)
        .ok_or_else(|| unreadable("a place of `blame`"))?;
    let (field, column) = *found;
    Ok(Blame {
        field,
        column,
        record,
        version,
        at: time.and_utc(),
        changeset: changeset.map(ChangesetNo),
    })
}
