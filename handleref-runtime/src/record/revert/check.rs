//! What stands in the way of a revert, and what it would overwrite.

use super::super::diff::{FieldChange, compare};
use super::super::facts::{RECORD_CHANGESET, RECORD_ID, RECORD_OPERATION, RECORD_REDACTED};
use super::super::facts::{RECORD_VERSION, RECORDED_AT};
use super::super::living::lives_sql;
use super::super::model::{LiveName, Recall, Recorded};
use super::super::query::{KeyIs, Loaded, Rest, Sql};
use super::super::value::{Fields, Json};
use super::make::{Locking, records};
use super::proposed::{Base, proposed};
use super::{Conflict, Source};
use crate::cascade::{Link, Node};
use crate::engine::{Engine, Kind};
use crate::error::Error;
use crate::executor::{Executor, Texts};
use crate::schema::Catalog;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::QueryResult;

/// A revert that is looked at.
pub(super) struct Proposal<'a, M: Recorded, C> {
    pub(super) key: &'a KeyIs<'a, M, C>,
    pub(super) base: Base,
    pub(super) sources: &'a [Source],
    pub(super) changes: &'a [FieldChange],
    pub(super) lock: bool,
}

impl<M: Recall<C>, C: Executor> Proposal<'_, M, C> {
    fn row(&self) -> Sql<'_, C::Backend> {
        proposed::<M, C>(self.key, self.base, self.sources)
    }

    /// Whether any of these columns will get another value.
    fn changes_any(&self, columns: &[impl AsRef<str>]) -> bool {
        matches!(self.base, Base::Record(_))
            || columns.iter().any(|column| {
                let mut changes = self.changes.iter();
                changes.any(|change| change.column == column.as_ref())
            })
    }

    /// Whether the row will be live where it is not now.
    fn revives(&self) -> bool {
        let roles = M::RECORDED_ROLES;
        let mark = roles.deleted_at.map(|(name, _)| name);
        let marks: Vec<_> = mark.into_iter().chain(roles.status).collect();
        matches!(self.base, Base::Record(_)) || self.changes_any(&marks)
    }
}

/// Changes since the version that a field goes back to.
pub(super) async fn later_edits<M, C>(
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

/// Columns of the record table that the model does not have any more, and that
/// had a value in a version that is gone back to.
pub(super) async fn columns_gone<M, C>(
    conn: &mut C,
    catalog: &mut Catalog,
    proposal: &Proposal<'_, M, C>,
) -> Result<Vec<Conflict>, Error>
where
    C: Executor,
    M: Recall<C>,
{
    const OURS: [&str; 6] = [
        RECORD_ID,
        RECORD_VERSION,
        RECORD_OPERATION,
        RECORDED_AT,
        RECORD_CHANGESET,
        RECORD_REDACTED,
    ];
    let mut records: Vec<i64> = proposal
        .sources
        .iter()
        .map(|source| source.record)
        .collect();
    records.sort_unstable();
    records.dedup();
    let known = |name: &str| {
        OURS.contains(&name)
            || M::RECORDING
                .columns
                .iter()
                .any(|column| column.name == name)
            || M::RECORDING
                .properties
                .iter()
                .any(|property| property.name == name)
    };
    let table = catalog.table(conn, M::RECORDING.records).await?;
    let mut conflicts = Vec::new();
    for column in table.columns.iter().filter(|name| !known(name)).cloned() {
        let mut query = Sql::new("SELECT COUNT(*), COUNT(*) FROM ")
            .name(M::RECORDING.records)
            .text(" WHERE ")
            .name(column.clone())
            .text(" IS NOT NULL AND ")
            .name(RECORD_ID)
            .text(" IN (0");
        for record in &records {
            query = query.text(", ").number(*record);
        }
        let found = conn.numbers(query.text(")")).await?.pop();
        if found.is_some_and(|(count, _)| count > 0) {
            conflicts.push(Conflict::ColumnGone { column });
        }
    }
    Ok(conflicts)
}

/// Values that must be unique and that another row has.
pub(super) async fn unique<M, C>(
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

/// ` AND <the row lives>`
fn living<'a, M: Recorded, C: Executor>(prefix: &'static str) -> Sql<'a, C::Backend> {
    let lives = lives_sql(C::Backend::KIND, M::RECORDED_ROLES, prefix);
    Sql::new(" AND ").text(lives)
}

/// `SELECT` of up to four columns as texts.
fn texts<'a, DB: Engine>(prefix: &'static str, columns: &[String], engine: Kind) -> Sql<'a, DB> {
    let text = if engine == Kind::Mysql {
        "CHAR"
    } else {
        "TEXT"
    };
    let mut query = Sql::new("SELECT ");
    for at in 0..4 {
        query = query.text(if at > 0 { ", CAST(" } else { "CAST(" });
        query = match columns.get(at) {
            Some(column) => query.text(prefix).name(column.clone()),
            None => query.text("NULL"),
        };
        query = query.text(format!(" AS {text})"));
    }
    query
}

fn joined((a, b, c, d): Texts) -> String {
    let parts: Vec<String> = [a, b, c, d].into_iter().flatten().collect();
    parts.join(",")
}

/// Parents that are soft-deleted or not there, of a row that will be live.
pub(super) async fn parents<M, C>(
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
