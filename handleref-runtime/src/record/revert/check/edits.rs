//! Changes that a revert would overwrite.

use super::super::super::diff::compare;
use super::super::super::model::{LiveName, Recall};
use super::super::super::query::Loaded;
use super::super::super::value::{Fields, Json};
use super::super::Conflict;
use super::super::make::records;
use super::Proposal;
use crate::engine::Engine;
use crate::error::Error;
use crate::facts::RECORD_ID;
use crate::session::Session;
use crate::sql::Sql;

/// Changes since the version that a field goes back to.
pub(in super::super) async fn later_edits<M, DB>(
    conn: &mut dyn Session,
    proposal: &Proposal<'_, M, DB>,
) -> Result<Vec<Conflict>, Error>
where
    DB: Engine,
    M: Recall<DB> + Loaded<DB> + Fields<Json>,
{
    let Some(first) = proposal.sources.iter().map(|source| source.record).min() else {
        return Ok(Vec::new());
    };
    if proposal.changes.is_empty() {
        return Ok(Vec::new());
    }
    let numbers = records::<M, DB>(proposal.key)
        .sql(" AND ")
        .name(RECORD_ID)
        .sql(" >= ")
        .bind(first)
        .sql(" ORDER BY ")
        .name(RECORD_ID);
    let numbers: Vec<(i64, i64)> = conn.rows(numbers).await?;
    let rows = Sql::new(" FROM ")
        .name(M::RECORDING.records)
        .sql(" AS ")
        .name(M::LiveTable::SQL_NAME)
        .sql(" WHERE ")
        .part::<DB>(proposal.key)
        .sql(" AND ")
        .name(RECORD_ID)
        .sql(" >= ")
        .bind(first)
        .sql(" ORDER BY ")
        .name(RECORD_ID);
    let rows = M::load_from(conn.session(), rows).await?;
    let mut edits: Vec<(&'static str, &'static str, Vec<i64>)> = Vec::new();
    for (pair, (record, version)) in rows.windows(2).zip(numbers.iter().skip(1)) {
        for change in compare(Some(&pair[0]), Some(&pair[1])) {
            let mut sources = proposal.sources.iter();
            let source = sources.find(|source| source.column == change.column);
            let concerned = proposal.changes.iter().any(|one| one.field == change.field);
            if !concerned || source.is_none_or(|source| *record <= source.record) {
                continue;
            }
            match edits.iter_mut().find(|(field, ..)| *field == change.field) {
                Some((_, _, versions)) => versions.push(*version),
                None => edits.push((change.field, change.column, vec![*version])),
            }
        }
    }
    let order = |column: &str| {
        let mut changes = proposal.changes.iter();
        changes.position(|change| change.column == column)
    };
    edits.sort_by_key(|(_, column, _)| order(column));
    Ok(edits
        .into_iter()
        .map(|(field, _, versions)| Conflict::LaterEdit { field, versions })
        .collect())
}
