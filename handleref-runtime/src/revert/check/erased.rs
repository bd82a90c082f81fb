//! Values that are not in the history any more, because they were erased.

use super::super::Conflict;
use super::super::proposed::Base;
use super::Proposal;
use crate::error::Error;
use crate::maintain::erasure::erasures;
use crate::session::Session;

/// The fields that would get what came in the place of an erased value.
pub(in super::super) async fn erased(
    conn: &mut dyn Session,
    proposal: &Proposal<'_>,
) -> Result<Vec<Conflict>, Error> {
    let facts = proposal.facts;
    let gone = matches!(proposal.base, Base::Record(_));
    // What would not change cannot be lost.
    let concerned = |column: &str| {
        let mut changes = proposal.changes.iter();
        gone || changes.any(|change| change.column == column)
    };
    let sources = proposal.sources.iter();
    let sources: Vec<_> = sources.filter(|it| concerned(it.column)).collect();
    let Some(first) = sources.iter().map(|source| source.record).min() else {
        return Ok(Vec::new());
    };
    let erasures = erasures(conn, facts.records(), &proposal.key.condition, first).await?;
    let columns = facts.model.recording.columns.iter().zip(facts.fields);
    let lost = columns.filter(|(column, _)| {
        let mut sources = sources.iter().filter(|source| source.column == column.name);
        sources.any(|source| {
            let mut erasures = erasures.iter();
            erasures.any(|it| it.covers(source.record, source.column))
        })
    });
    Ok(lost
        .map(|(_, field)| Conflict::Erased { field, gone })
        .collect())
}
