//! Changes that a revert would overwrite.

use super::super::super::diff::compare;
use super::super::super::facts::RECORD_ID;
use super::super::super::model::{LiveName, Recall};
use super::super::super::query::{Loaded, Rest, Sql};
use super::super::super::value::{Fields, Json};
use super::super::Conflict;
use super::super::make::records;
use super::Proposal;
use crate::error::Error;
use crate::executor::Executor;

/// Changes since the version that a field goes back to.
pub(in super::super) async fn later_edits<M, C>(
    conn: &mut C,
    proposal: &Proposal<'_, M, C>,
) -> Result<Vec<Conflict>, Error>
where
    C: Executor,
    M: Recall<C> + Loaded<C> + Fields<Json>,
{
    let Some(first) = proposal.sources.iter().map(|source| source.record).min() else {
        return Ok(Vec::new());
    };
    if proposal.changes.is_empty() {
        return Ok(Vec::new());
    }
    let numbers = records::<M, C>(proposal.key)
        .text(" AND ")
        .name(RECORD_ID)
        .text(" >= ")
        .number(first)
        .text(" ORDER BY ")
        .name(RECORD_ID);
    let numbers = conn.numbers(numbers).await?;
    let rows = Sql::new(" FROM ")
        .name(M::RECORDING.records)
        .text(" AS ")
        .name(M::LiveTable::SQL_NAME)
        .text(" WHERE ")
        .part(proposal.key)
        .text(" AND ")
        .name(RECORD_ID)
        .text(" >= ")
        .number(first)
        .text(" ORDER BY ")
        .name(RECORD_ID);
    let rows = M::load_from(conn, Rest(rows)).await?;
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
