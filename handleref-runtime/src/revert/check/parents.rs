//! Parents that a row refers to and that do not live.

use super::super::Conflict;
use super::{Proposal, texts};
use crate::cascade::Parent;
use crate::error::Error;
use crate::schema::Catalog;
use crate::session::Session;
use crate::sql::Sql;

/// Parents that are soft-deleted or not there, of a row that will be live.
pub(in super::super) async fn parents(
    conn: &mut dyn Session,
    catalog: &mut Catalog,
    proposal: &Proposal<'_>,
) -> Result<Vec<Conflict>, Error> {
    let mut conflicts = Vec::new();
    let mut declared: Vec<Vec<String>> = Vec::new();
    for link in proposal.model.parents() {
        let columns: Vec<String> = link.foreign_key.iter().map(|&one| one.to_owned()).collect();
        declared.push(columns.clone());
        if !(proposal.changes_any(&columns) || proposal.revives()) {
            continue;
        }
        let Some(key) = proposed_key(conn, proposal, &columns).await? else {
            continue;
        };
        match parent(conn, proposal, &link).await? {
            None => conflicts.push(Conflict::ParentGone {
                table: link.name.to_owned(),
                columns,
                key,
            }),
            Some(true) if lives(conn, proposal).await? => {
                conflicts.push(Conflict::ParentDeleted {
                    parent: link.name.to_owned(),
                    key,
                });
            }
            Some(_) => {}
        }
    }
    let foreign_keys = catalog.foreign_keys(conn, proposal.facts.table()).await?;
    for foreign in foreign_keys.iter().cloned() {
        let columns: Vec<String> = foreign.columns.iter().map(|(one, _)| one.clone()).collect();
        if declared.contains(&columns) || !proposal.changes_any(&columns) {
            continue;
        }
        let Some(key) = proposed_key(conn, proposal, &columns).await? else {
            continue;
        };
        let mut query = Sql::new("SELECT COUNT(*) FROM ")
            .name(foreign.table.clone())
            .sql(" o JOIN (")
            .append(proposal.row())
            .sql(") p ON ");
        for (at, (from, to)) in foreign.columns.iter().enumerate() {
            query = query
                .sql(if at > 0 { " AND o." } else { "o." })
                .name(to.clone())
                .sql(" = p.")
                .name(from.clone());
        }
        let (found,): (bool,) = conn.one(query).await?;
        if !found {
            conflicts.push(Conflict::ParentGone {
                table: foreign.table,
                columns,
                key,
            });
        }
    }
    Ok(conflicts)
}

/// The proposed values of a foreign key, as text; `None` if one is null.
async fn proposed_key(
    conn: &mut dyn Session,
    proposal: &Proposal<'_>,
    columns: &[String],
) -> Result<Option<String>, Error> {
    let query = texts("p.", columns, proposal.kind)
        .sql(" FROM (")
        .append(proposal.row())
        .sql(") p");
    let found: Option<Vec<Option<String>>> = conn.first(query).await?;
    let parts: Option<Vec<String>> = found.and_then(|parts| parts.into_iter().collect());
    Ok(parts.map(|parts| parts.join(",")))
}

/// Whether the row will be live.
async fn lives(conn: &mut dyn Session, proposal: &Proposal<'_>) -> Result<bool, Error> {
    let query = Sql::new("SELECT COUNT(*) FROM (")
        .append(proposal.row())
        .sql(") p WHERE 1 = 1")
        .append(proposal.living("p."));
    Ok(conn.one::<(bool,)>(query).await?.0)
}

/// The parent with the proposed key: 1 if it is soft-deleted, else 0.
async fn parent(
    conn: &mut dyn Session,
    proposal: &Proposal<'_>,
    link: &Parent,
) -> Result<Option<bool>, Error> {
    let mut query = Sql::new("SELECT CASE WHEN ")
        .typed(&link.deleted)
        .sql(" THEN 1 ELSE 0 END FROM ")
        .typed(&link.table)
        .sql(" WHERE ");
    for (at, (to, from)) in link.keys.iter().zip(link.foreign_key).enumerate() {
        query = query
            .sql(if at > 0 { " AND " } else { "" })
            .name(*to)
            .sql(" = (SELECT handleref_p.")
            .name(*from)
            .sql(" FROM (")
            .append(proposal.row())
            .sql(") handleref_p)");
    }
    // Locked, a parent that is just being deleted is waited for.
    let query = if proposal.lock { query.share() } else { query };
    let found: Option<(bool,)> = conn.first(query).await?;
    Ok(found.map(|(deleted,)| deleted))
}
