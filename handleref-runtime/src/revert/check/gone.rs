//! Values for which the model has no column any more.

use super::super::Conflict;
use super::Proposal;
use crate::error::Error;
use crate::facts::{BOOKKEEPING, RECORD_ID};
use crate::schema::Catalog;
use crate::session::Session;
use crate::sql::Sql;

/// Columns of the record table that the model does not have any more, and that
/// had a value in a version that is gone back to.
pub(in super::super) async fn columns_gone(
    conn: &mut dyn Session,
    catalog: &mut Catalog,
    proposal: &Proposal<'_>,
) -> Result<Vec<Conflict>, Error> {
    let recording = &proposal.facts.model.recording;
    let mut records: Vec<i64> = proposal
        .sources
        .iter()
        .map(|source| source.record)
        .collect();
    records.sort_unstable();
    records.dedup();
    let known = |name: &str| {
        BOOKKEEPING.contains(&name)
            || recording.columns.iter().any(|it| it.name == name)
            || recording.properties.iter().any(|it| it.name == name)
    };
    let table = catalog.table(conn, recording.records).await?;
    let mut conflicts = Vec::new();
    for column in table.columns.iter().filter(|name| !known(name)).cloned() {
        let query = Sql::new("SELECT COUNT(*) FROM ")
            .name(recording.records)
            .sql(" WHERE ")
            .name(column.clone())
            .sql(" IS NOT NULL AND ")
            .name(RECORD_ID)
            .sql(" IN (")
            .list(records.iter().copied().chain([0]))
            .sql(")");
        let (found,): (bool,) = conn.one(query).await?;
        if found {
            conflicts.push(Conflict::ColumnGone { column });
        }
    }
    Ok(conflicts)
}
