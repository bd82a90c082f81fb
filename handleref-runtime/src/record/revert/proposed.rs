//! The row as it would be after the revert, in SQL.

use super::super::facts::RECORD_ID;
use super::super::model::{LiveName, Recall};
use super::super::query::{KeyIs, Sql};
use super::Source;
use crate::engine::Engine;
use crate::executor::Executor;
use crate::text::quoted;

/// Where the columns come from that are not reverted.
#[derive(Clone, Copy)]
pub(super) enum Base {
    /// The row.
    Live,
    /// The row is gone: a record.
    Record(i64),
}

/// `(SELECT column FROM records WHERE record_id = n)`
pub(super) fn from_record<'a, M, C>(column: &'static str, record: i64) -> Sql<'a, C::Backend>
where
    M: Recall<C>,
    C: Executor,
{
    Sql::new("(SELECT ")
        .text(held::<M, C>(column, ""))
        .text(" FROM ")
        .name(M::RECORDING.records)
        .text(" WHERE ")
        .name(RECORD_ID)
        .text(" = ")
        .number(record)
        .text(")")
}

/// A column of a record, with a prefix such as `a.`, as the table would hold it.
pub(super) fn held<M, C>(column: &'static str, prefix: &str) -> String
where
    M: Recall<C>,
    C: Executor,
{
    let kind = C::Backend::KIND;
    let value = format!("{prefix}{}", quoted(kind, column));
    let found = M::RECORDING.columns.iter().find(|one| one.name == column);
    found.map_or_else(
        || value.clone(),
        |one| one.out_of_record(kind, M::LiveTable::SQL_NAME, value.clone()),
    )
}

/// `SELECT <value> AS <column>, ..`: one row with every column of the struct.
pub(super) fn proposed<'a, M, C>(
    key: &'a KeyIs<'a, M, C>,
    base: Base,
    sources: &[Source],
) -> Sql<'a, C::Backend>
where
    M: Recall<C>,
    C: Executor,
{
    let table = M::LiveTable::SQL_NAME;
    let mut query = Sql::new("SELECT ");
    for (at, column) in M::RECORDING.columns.iter().enumerate() {
        query = query.text(if at > 0 { ", " } else { "" });
        let source = sources.iter().find(|source| source.column == column.name);
        query = match (source, base) {
            (Some(source), _) => query.append(from_record::<M, C>(column.name, source.record)),
            (None, Base::Record(record)) => query.append(from_record::<M, C>(column.name, record)),
            (None, Base::Live) => query
                .text("(SELECT ")
                .name(column.name)
                .text(" FROM ")
                .name(table)
                .text(" WHERE ")
                .part(key)
                .text(")"),
        };
        query = query.text(" AS ").name(column.name);
    }
    query
}
