//! The row as it would be after the revert, in SQL.

use super::Source;
use crate::engine::Kind;
use crate::facts::RECORD_ID;
use crate::history::any::AnyKey;
use crate::history::fields::Metadata;
use crate::sql::{Raw, Sql, quoted, raw};

/// Where the columns come from that are not reverted.
#[derive(Clone, Copy)]
pub(super) enum Base {
    /// The row.
    Live,
    /// The row is gone: a record.
    Record(i64),
}

/// `(SELECT column FROM records WHERE record_id = n)`
pub(super) fn from_record<'a>(
    kind: Kind,
    facts: &Metadata,
    column: &'static str,
    record: i64,
) -> Sql<'a> {
    Sql::new("(SELECT ")
        .made(held(kind, facts, column, ""))
        .sql(" FROM ")
        .name(facts.records())
        .sql(" WHERE ")
        .name(RECORD_ID)
        .sql(" = ")
        .bind(record)
        .sql(")")
}

/// A column of a record, with a prefix such as `a.`, as the table would hold it.
pub(super) fn held(
    kind: Kind,
    facts: &Metadata,
    column: &'static str,
    prefix: &'static str,
) -> Raw {
    let value = raw!("{prefix}{}", [quoted(kind, column)], prefix);
    let mut columns = facts.model.recording.columns.iter();
    let found = columns.find(|one| one.name == column);
    found.map_or_else(
        || value.clone(),
        |one| one.out_of_record(kind, facts.table(), value.clone()),
    )
}

/// `SELECT <value> AS <column>, ..`: one row with every column of the struct.
pub(super) fn proposed<'a>(
    kind: Kind,
    facts: &Metadata,
    key: &'a AnyKey,
    base: Base,
    sources: &[Source],
) -> Sql<'a> {
    let mut query = Sql::new("SELECT ");
    for (at, column) in facts.model.recording.columns.iter().enumerate() {
        query = query.sql(if at > 0 { ", " } else { "" });
        let source = sources.iter().find(|source| source.column == column.name);
        let record = match (source, base) {
            (Some(source), _) => Some(source.record),
            (None, Base::Record(record)) => Some(record),
            (None, Base::Live) => None,
        };
        query = match record {
            Some(record) => query.append(from_record(kind, facts, column.name, record)),
            None => query
                .sql("(SELECT ")
                .name(column.name)
                .sql(" FROM ")
                .name(facts.table())
                .sql(" WHERE ")
                .typed(&key.condition)
                .sql(")"),
        };
        query = query.sql(" AS ").name(column.name);
    }
    query
}
