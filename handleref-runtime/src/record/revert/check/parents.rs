//! Parents that a row refers to and that do not live.

use super::super::super::model::{LiveName, Recall};
use super::super::super::query::Sql;
use super::super::Conflict;
use super::super::make::Locking;
use super::{Proposal, living, texts};
use crate::cascade::{Link, Node};
use crate::engine::{Engine, Kind};
use crate::error::Error;
use crate::executor::Executor;
use crate::schema::Catalog;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::QueryResult;

/// Parents that are soft-deleted or not there, of a row that will be live.
pub(in super::super) async fn parents<M, C>(
    conn: &mut C,
    catalog: &mut Catalog,
    proposal: &Proposal<'_, M, C>,
) -> Result<Vec<Conflict>, Error>
where
    C: Executor,
    M: Recall<C>,
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
                table: link.node.name.to_owned(),
                columns,
                key,
            }),
            Some(true) if lives::<M, C>(conn, proposal).await? => {
                conflicts.push(Conflict::ParentDeleted {
                    parent: link.node.name.to_owned(),
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
        let mut query = Sql::new("SELECT COUNT(*), COUNT(*) FROM ")
            .name(foreign.table.clone())
            .text(" o JOIN (")
            .append(proposal.row())
            .text(") p ON ");
        for (at, (from, to)) in foreign.columns.iter().enumerate() {
            query = query
                .text(if at > 0 { " AND o." } else { "o." })
                .name(to.clone())
                .text(" = p.")
                .name(from.clone());
        }
        let found = conn.numbers(query).await?.pop();
        if found.is_some_and(|(count, _)| count == 0) {
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
async fn proposed_key<M, C>(
    conn: &mut C,
    proposal: &Proposal<'_, M, C>,
    columns: &[String],
) -> Result<Option<String>, Error>
where
    C: Executor,
    M: Recall<C>,
{
    let query = texts("p.", columns, C::Backend::KIND)
        .text(" FROM (")
        .append(proposal.row())
        .text(") p");
    let found = conn.texts(query).await?.pop();
    let (a, b, c, d) = found.unwrap_or_default();
    let parts: Vec<String> = [a, b, c, d].into_iter().flatten().collect();
    Ok((parts.len() == columns.len()).then(|| parts.join(",")))
}

/// Whether the row will be live.
async fn lives<M, C>(conn: &mut C, proposal: &Proposal<'_, M, C>) -> Result<bool, Error>
where
    C: Executor,
    M: Recall<C>,
{
    let query = Sql::new("SELECT COUNT(*), COUNT(*) FROM (")
        .append(proposal.row())
        .text(") p WHERE 1 = 1")
        .append(living::<M, C>("p."));
    let found = conn.numbers(query).await?.pop();
    Ok(found.is_some_and(|(count, _)| count > 0))
}

/// The table of a node.
struct TableOf<'a, C: Executor>(&'a Node<C>);

impl<C: Executor> QueryFragment<C::Backend> for TableOf<'_, C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, C::Backend>) -> QueryResult<()> {
        (self.0.push_table)(&mut out)
    }
}

/// The parent with the proposed key: 1 if it is soft-deleted, else 0.
async fn parent<M, C>(
    conn: &mut C,
    proposal: &Proposal<'_, M, C>,
    link: &Link<C>,
) -> Result<Option<bool>, Error>
where
    C: Executor,
    M: Recall<C>,
{
    let (integer, lock) = match C::Backend::KIND {
        Kind::Sqlite => ("INTEGER", ""),
        Kind::Postgres => ("BIGINT", " FOR SHARE"),
        Kind::Mysql => ("SIGNED", " LOCK IN SHARE MODE"),
    };
    let table = TableOf(&link.node);
    let mut query = Sql::new("SELECT CAST(CASE WHEN ")
        .part(&*link.node.deleted)
        .text(format!(
            " THEN 1 ELSE 0 END AS {integer}), CAST(0 AS {integer}) FROM "
        ))
        .part(&table)
        .text(" WHERE ");
    for (at, (to, from)) in link.node.keys.iter().zip(link.foreign_key).enumerate() {
        query = query
            .text(if at > 0 { " AND " } else { "" })
            .name(*to)
            .text(" = (SELECT handleref_p.")
            .name(*from)
            .text(" FROM (")
            .append(proposal.row())
            .text(") handleref_p)");
    }
    // Locked, a parent that is just being deleted is waited for.
    let found = match proposal.lock {
        true => conn.numbers(Locking(query.text(lock))).await?.pop(),
        false => conn.numbers(query).await?.pop(),
    };
    Ok(found.map(|(deleted, _)| deleted == 1))
}
