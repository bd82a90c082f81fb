//! Values that must be unique, and are taken.

use super::super::super::model::{LiveName, Recall};
use super::super::Conflict;
use super::{Proposal, living, texts};
use crate::engine::Engine;
use crate::error::Error;
use crate::executor::{Executor, Texts};
use crate::schema::Catalog;

/// Values that must be unique and that another row has.
pub(in super::super) async fn unique<M, C>(
    conn: &mut C,
    catalog: &mut Catalog,
    proposal: &Proposal<'_, M, C>,
) -> Result<Vec<Conflict>, Error>
where
    C: Executor,
    M: Recall<C>,
{
    let mut sets: Vec<(Vec<String>, bool)> = Vec::new();
    for columns in M::RECORDED_UNIQUE {
        let columns = columns.iter().map(|&column| column.to_owned()).collect();
        sets.push((columns, true));
    }
    let table = catalog.table(conn, M::LiveTable::SQL_NAME).await?;
    for columns in table.unique.iter().cloned() {
        let is_key = columns
            .iter()
            .all(|one| M::RECORDED_KEY.contains(&one.as_str()));
        let ours = |name: &String| M::RECORDING.columns.iter().any(|one| one.name == name);
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
        let holder = holder::<M, C>(conn, proposal, &columns, among_living).await?;
        if let Some(by) = holder {
            conflicts.push(Conflict::UniqueTaken { columns, by });
        }
    }
    Ok(conflicts)
}

/// The key of the other row that has the proposed values.
async fn holder<M, C>(
    conn: &mut C,
    proposal: &Proposal<'_, M, C>,
    columns: &[String],
    among_living: bool,
) -> Result<Option<String>, Error>
where
    C: Executor,
    M: Recall<C>,
{
    let key: Vec<String> = M::RECORDED_KEY.iter().map(|&one| one.to_owned()).collect();
    let mut query = texts("o.", &key, C::Backend::KIND)
        .text(" FROM ")
        .name(M::LiveTable::SQL_NAME)
        .text(" o JOIN (")
        .append(proposal.row())
        .text(") p ON ");
    for (at, column) in columns.iter().enumerate() {
        query = query
            .text(if at > 0 { " AND o." } else { "o." })
            .name(column.clone())
            .text(" = p.")
            .name(column.clone());
    }
    query = query.text(" WHERE NOT (");
    for (at, column) in M::RECORDED_KEY.iter().enumerate() {
        query = query
            .text(if at > 0 { " AND o." } else { "o." })
            .name(*column)
            .text(" = p.")
            .name(*column);
    }
    query = query.text(")");
    if among_living {
        query = query
            .append(living::<M, C>("o."))
            .append(living::<M, C>("p."));
    }
    let found = conn.texts(query.text(" LIMIT 1")).await?.pop();
    Ok(found.map(joined))
}

fn joined((a, b, c, d): Texts) -> String {
    let parts: Vec<String> = [a, b, c, d].into_iter().flatten().collect();
    parts.join(",")
}
