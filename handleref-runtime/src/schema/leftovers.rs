//! What records hold from before a field was redacted or skipped.

use super::dialect::{Wanted, dialect};
use super::live;
use super::names::TableName;
use crate::engine::Kind;
use crate::record::facts::Capture;
use crate::record::maintain::redact::differs;
use crate::session::Session;
use crate::sql::Sql;
use diesel::result::QueryResult;

/// Says which redacted and skipped fields have values in older records.
pub(super) async fn read(conn: &mut dyn Session, tables: &[Wanted]) -> QueryResult<Vec<String>> {
    let (kind, dialect) = (conn.kind(), dialect(conn.kind()));
    let mut said = Vec::new();
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
        let beside = TableName {
            // Where the table really is.
            schema: match kind {
                Kind::Postgres => Some(row.detail.clone()),
                Kind::Sqlite | Kind::Mysql => row.schema.clone(),
            },
            table: recording.records.to_owned(),
        };
        let there = live::read(conn, dialect, &beside).await?;
        let records = dialect.qualified(beside.schema.as_deref(), recording.records);
        for (name, with, how) in columns {
            if there.column(name).is_none() {
                continue;
            }
            let sql = format!(
                "SELECT EXISTS (SELECT 1 FROM {records} WHERE {})",
                differs(kind, &records, name, with)
            );
            let (found,): (bool,) = conn.one(Sql::once(sql)).await?;
            if found {
                said.push(format!(
                    "{}: records hold values of `{name}` from before it was {how}; `{}::redact_past()` takes them out",
                    wanted.table.shown(),
                    wanted.recorder
                ));
            }
        }
    }
    Ok(said)
}
