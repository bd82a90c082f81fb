//! Values that must be unique, and are taken.

use super::super::super::model::{LiveName, Recall};
use super::super::Conflict;
use super::{Proposal, living, texts};
use crate::engine::Engine;
use crate::error::Error;
use crate::schema::Catalog;
use crate::session::Session;

/// Values that must be unique and that another row has.
pub(in super::super) async fn unique<M, DB>(
    conn: &mut dyn Session,
    catalog: &mut Catalog,
    proposal: &Proposal<'_, M, DB>,
) -> Result<Vec<Conflict>, Error>
where
    DB: Engine,
    M: Recall<DB>,
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
        let holder = holder::<M, DB>(conn, proposal, &columns, among_living).await?;
        if let Some(by) = holder {
            conflicts.push(Conflict::UniqueTaken { columns, by });
        }
    }
    Ok(conflicts)
}

/// The key of the other row that has the proposed values.
async fn holder<M, DB>(
    conn: &mut dyn Session,
    proposal: &Proposal<'_, M, DB>,
    columns: &[String],
    among_living: bool,
) -> Result<Option<String>, Error>
where
    DB: Engine,
    M: Recall<DB>,
{
    let key: Vec<String> = M::RECORDED_KEY.iter().map(|&one| one.to_owned()).collect();
    let mut query = texts("o.", &key, DB::KIND)
        .sql(" FROM ")
        .name(M::LiveTable::SQL_NAME)
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
    for (at, column) in M::RECORDED_KEY.iter().enumerate() {
        query = query
            .sql(if at > 0 { " AND o." } else { "o." })
            .name(*column)
            .sql(" = p.")
            .name(*column);
    }
    query = query.sql(")");
    if among_living {
        query = query
            .append(living::<M, DB>("o."))
            .append(living::<M, DB>("p."));
    }
    let found: Option<Vec<String>> = conn.first(query.sql(" LIMIT 1")).await?;
    Ok(found.map(|parts| parts.join(",")))
}
