//! The row as it would be after the revert, in SQL.

use super::super::model::{LiveName, Recall};
use super::super::query::KeyIs;
use super::Source;
use crate::engine::Engine;
use crate::facts::RECORD_ID;
use crate::sql::{Sql, quoted};

/// Where the columns come from that are not reverted.
#[derive(Clone, Copy)]
pub(super) enum Base {
    /// The row.
    Live,
    /// The row is gone: a record.
    Record(i64),
}

/// `(SELECT column FROM records WHERE record_id = n)`
pub(super) fn from_record<'a, M, DB>(column: &'static str, record: i64) -> Sql<'a>
where
    M: Recall<DB>,
    DB: Engine,
{
    Sql::new("(SELECT ")
        .made(held::<M, DB>(column, ""))
        .sql(" FROM ")
        .name(M::RECORDING.records)
        .sql(" WHERE ")
        .name(RECORD_ID)
        .sql(" = ")
        .bind(record)
        .sql(")")
}

/// A column of a record, with a prefix such as `a.`, as the table would hold it.
pub(super) fn held<M, DB>(column: &'static str, prefix: &str) -> String
where
    M: Recall<DB>,
    DB: Engine,
{
    let kind = DB::KIND;
    let value = format!("{prefix}{}", quoted(kind, column));
    let found = M::RECORDING.columns.iter().find(|one| one.name == column);
    found.map_or_else(
        || value.clone(),
        |one| one.out_of_record(kind, M::LiveTable::SQL_NAME, value.clone()),
    )
}

/// `SELECT <value> AS <column>, ..`: one row with every column of the struct.
pub(super) fn proposed<'a, M, DB>(
    key: &'a KeyIs<'a, M, DB>,
    base: Base,
    sources: &[Source],
) -> Sql<'a>
where
    M: Recall<DB>,
    DB: Engine,
{
    let table = M::LiveTable::SQL_NAME;
    let mut query = Sql::new("SELECT ");
    for (at, column) in M::RECORDING.columns.iter().enumerate() {
        query = query.sql(if at > 0 { ", " } else { "" });
        let source = sources.iter().find(|source| source.column == column.name);
        query = match (source, base) {
            (Some(source), _) => query.append(from_record::<M, DB>(column.name, source.record)),
            (None, Base::Record(record)) => query.append(from_record::<M, DB>(column.name, record)),
            (None, Base::Live) => query
                .sql("(SELECT ")
                .name(column.name)
                .sql(" FROM ")
                .name(table)
                .sql(" WHERE ")
                .part::<DB>(key)
                .sql(")"),
        };
        query = query.sql(" AS ").name(column.name);
    }
    query
}
