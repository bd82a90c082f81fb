//! Changes that a revert would overwrite.

use super::super::Conflict;
use super::super::make::records;
use super::Proposal;
use crate::error::Error;
use crate::facts::RECORD_ID;
use crate::session::Session;
use crate::sql::Sql;
use serde_json::Value;

/// Changes since the version that a field goes back to.
pub(in super::super) async fn later_edits(
    conn: &mut dyn Session,
    proposal: &Proposal<'_>,
) -> Result<Vec<Conflict>, Error> {
    let Some(first) = proposal.sources.iter().map(|source| source.record).min() else {
        return Ok(Vec::new());
    };
    if proposal.changes.is_empty() {
        return Ok(Vec::new());
    }
    let since = |sql: Sql<'static>| {
        sql.sql(" AND ")
            .name(RECORD_ID)
            .sql(" >= ")
            .bind(first)
            .sql(" ORDER BY ")
            .name(RECORD_ID)
    };
    let facts = proposal.facts;
    let numbers = records(facts, proposal.key).append(since(Sql::new("")));
    let numbers: Vec<(i64, i64)> = conn.rows(numbers).await?;
    let rows = facts.from_records().sql(" WHERE ");
    let rows = rows.typed(&proposal.key.condition);
    let rows = rows.append(since(Sql::new("")));
    let rows = proposal.model.rows(conn, rows).await?;
    let rows: Vec<Vec<Value>> = rows.iter().map(|row| row.values()).collect();
    let mut edits: Vec<(&'static str, &'static str, Vec<i64>)> = Vec::new();
    for (pair, (record, version)) in rows.windows(2).zip(numbers.iter().skip(1)) {
        for change in facts.compare(Some(&pair[0]), Some(&pair[1])) {
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
