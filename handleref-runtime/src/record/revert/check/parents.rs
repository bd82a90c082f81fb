//! Parents that a row refers to and that do not live.

use super::super::super::model::{LiveName, Recall};
use super::super::Conflict;
use super::{Proposal, living, texts};
use crate::cascade::Parent;
use crate::engine::Engine;
use crate::error::Error;
use crate::schema::Catalog;
use crate::session::Session;
use crate::sql::Sql;

/// Parents that are soft-deleted or not there, of a row that will be live.
pub(in super::super) async fn parents<M, DB>(
    conn: &mut dyn Session,
    catalog: &mut Catalog,
    proposal: &Proposal<'_, M, DB>,
) -> Result<Vec<Conflict>, Error>
where
    DB: Engine,
    M: Recall<DB>,
{
    let mut conflicts = Vec::new();
    let mut declared: Vec<Vec<String>> = Vec::new();
    for link in M::recalled_parents() {
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
            Some(true) if lives::<M, DB>(conn, proposal).await? => {
                conflicts.push(Conflict::ParentDeleted {
                    parent: link.name.to_owned(),
                    key,
                });
            }
            Some(_) => {}
        }
    }
    let foreign_keys = catalog.foreign_keys(conn, M::LiveTable::SQL_NAME).await?;
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
async fn proposed_key<M, DB>(
    conn: &mut dyn Session,
    proposal: &Proposal<'_, M, DB>,
    columns: &[String],
) -> Result<Option<String>, Error>
where
    DB: Engine,
    M: Recall<DB>,
{
    let query = texts("p.", columns, DB::KIND)
        .sql(" FROM (")
        .append(proposal.row())
        .sql(") p");
    let found: Option<Vec<Option<String>>> = conn.first(query).await?;
    let parts: Option<Vec<String>> = found.and_then(|parts| parts.into_iter().collect());
    Ok(parts.map(|parts| parts.join(",")))
}

/// Whether the row will be live.
async fn lives<M, DB>(conn: &mut dyn Session, proposal: &Proposal<'_, M, DB>) -> Result<bool, Error>
where
    DB: Engine,
    M: Recall<DB>,
{
    let query = Sql::new("SELECT COUNT(*) FROM (")
        .append(proposal.row())
        .sql(") p WHERE 1 = 1")
        .append(living::<M, DB>("p."));
    Ok(conn.one::<(bool,)>(query).await?.0)
}

/// The parent with the proposed key: 1 if it is soft-deleted, else 0.
async fn parent<M, DB>(
    conn: &mut dyn Session,
    proposal: &Proposal<'_, M, DB>,
    link: &Parent,
) -> Result<Option<bool>, Error>
where
    DB: Engine,
    M: Recall<DB>,
{
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
