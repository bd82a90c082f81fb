//! Values that must be unique, and are taken.

use super::super::Conflict;
use super::{Proposal, texts};
use crate::error::Error;
use crate::schema::Catalog;
use crate::session::Session;

/// Values that must be unique and that another row has.
pub(in super::super) async fn unique(
    conn: &mut dyn Session,
    catalog: &mut Catalog,
    proposal: &Proposal<'_>,
) -> Result<Vec<Conflict>, Error> {
    let facts = proposal.facts;
    let mut sets: Vec<(Vec<String>, bool)> = Vec::new();
    for columns in facts.unique {
        let columns = columns.iter().map(|&column| column.to_owned()).collect();
        sets.push((columns, true));
    }
    let table = catalog.table(conn, facts.table()).await?;
    for columns in table.unique.iter().cloned() {
        let is_key = columns
            .iter()
            .all(|one| facts.key().contains(&one.as_str()));
        let ours = |name: &String| {
            facts
                .model
                .recording
                .columns
                .iter()
                .any(|one| one.name == name)
        };
        if !is_key && columns.iter().all(ours) && !sets.contains(&(columns.clone(), true)) {
            sets.push((columns, false));
        }
    }
    let mut conflicts = Vec::new();
    for (columns, among_living) in sets {
        let touched = proposal.changes_any(&columns) || (among_living && proposal.revives());
        if !touched {
            continue;
        }
        let holder = holder(conn, proposal, &columns, among_living).await?;
        if let Some(by) = holder {
            conflicts.push(Conflict::UniqueTaken { columns, by });
        }
    }
    Ok(conflicts)
}

/// The key of the other row that has the proposed values.
async fn holder(
    conn: &mut dyn Session,
    proposal: &Proposal<'_>,
    columns: &[String],
    among_living: bool,
) -> Result<Option<String>, Error> {
    let facts = proposal.facts;
    let key: Vec<String> = facts.key().iter().map(|&one| one.to_owned()).collect();
    let mut query = texts("o.", &key, proposal.kind)
        .sql(" FROM ")
        .name(facts.table())
        .sql(" o JOIN (")
        .append(proposal.row())
        .sql(") p ON ");
    for (at, column) in columns.iter().enumerate() {
        query = query
            .sql(if at > 0 { " AND o." } else { "o." })
            .name(column.clone())
            .sql(" = p.")
            .name(column.clone());
    }
    query = query.sql(" WHERE NOT (");
    for (at, column) in facts.key().iter().enumerate() {
        query = query
            .sql(if at > 0 { " AND o." } else { "o." })
            .name(*column)
            .sql(" = p.")
            .name(*column);
    }
    query = query.sql(")");
    if among_living {
        query = query
            .append(proposal.living("o."))
            .append(proposal.living("p."));
    }
    let found: Option<Vec<String>> = conn.first(query.sql(" LIMIT 1")).await?;
    Ok(found.map(|parts| parts.join(",")))
}
