//! What records hold from before a field was redacted or skipped.

use super::dialect::{Wanted, dialect};
use super::live;
use super::names::TableName;
use crate::engine::Kind;
use crate::facts::Capture;
use crate::session::Session;
use crate::sql::{Raw, Sql, literal, quoted, raw};
use diesel::result::QueryResult;

/// Says which redacted and skipped fields have values in older records.
pub(super) async fn read(conn: &mut dyn Session, tables: &[Wanted]) -> QueryResult<Vec<String>> {
    let (kind, dialect) = (conn.kind(), dialect(conn.kind()));
    let mut lines = Vec::new();
    for wanted in tables {
        let columns = wanted.recording.into_iter().flat_map(|it| it.columns);
        let columns = columns.filter_map(|column| match column.capture {
            Capture::Skipped(with) => Some((column.name, with, "skipped")),
            Capture::Redacted(with) => Some((column.name, with, "redacted")),
            Capture::Value => None,
        });
        let columns: Vec<_> = columns.collect();
        let (Some(recording), false) = (wanted.recording, columns.is_empty()) else {
            continue;
        };
        let row = live::read(conn, dialect, &wanted.table).await?;
        if row.found.is_none() {
            continue;
        }
        let named = TableName {
            // Where the table really is.
            schema: match kind {
                Kind::Postgres => Some(row.detail.clone()),
                Kind::Sqlite | Kind::Mysql => row.schema.clone(),
            },
            table: recording.records.to_owned(),
        };
        let there = live::read(conn, dialect, &named).await?;
        let records = Raw::of_plan(dialect.qualified(named.schema.as_deref(), recording.records));
        for (name, with, how) in columns {
            if there.column(name).is_none() {
                continue;
            }
            let sql = format!(
                "SELECT EXISTS (SELECT 1 FROM {records} WHERE {})",
                differs_from_today(kind, &records, name, with.map(Raw::from).as_ref())
            );
            let (found,): (bool,) = conn.one(Sql::once(Raw::of_plan(sql))).await?;
            if found {
                lines.push(format!(
                    "{}: records hold values of `{name}` from before it was {how}; `{}::redact_past()` takes them out",
                    wanted.table.shown(),
                    wanted.recorder
                ));
            }
        }
    }
    Ok(lines)
}

/// Whether a column of a record is not what a record of today has. A stand-in is
/// taken as the column would hold it.
pub(crate) fn differs_from_today(kind: Kind, records: &Raw, name: &str, with: Option<&Raw>) -> Raw {
    let column = quoted(kind, name);
    match (with, kind) {
        (None, _) => raw!("{column} IS NOT NULL", column),
        (Some(sql), Kind::Sqlite) => raw!("{column} IS NOT ({sql})", column, sql),
        (Some(sql), Kind::Mysql) => raw!("NOT ({column} <=> ({sql}))", column, sql),
        (Some(sql), Kind::Postgres) => raw!(
            "CAST({column} AS TEXT) IS DISTINCT FROM (SELECT CAST((json_populate_record(NULL::{records}, \
             json_build_object({}, ({sql})))).{column} AS TEXT))",
            [literal(kind, name)],
            column,
            records,
            sql
        ),
    }
}
