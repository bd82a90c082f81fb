//! Making the plan.

use super::super::diff::{Side, compare, is_managed, missing};
use super::super::facts::{Capture, RECORD_ID, RECORD_VERSION};
use super::super::model::{LiveName, Recall};
use super::super::query::{KeyIs, Loaded, Rest, Sql};
use super::super::value::{Fields, Json};
use super::check::{self, Proposal};
use super::proposed::{Base, proposed};
use super::{Conflict, Revert, RevertPlan, Source, Want, column_named};
use crate::engine::{Engine, Kind, fails_late};
use crate::error::Error;
use crate::executor::Executor;
use crate::key::Key;
use crate::schema::Catalog;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;

/// Plans the revert of the row with this key. With `lock`, the row and its
/// parents are locked until the end of the transaction.
pub(crate) async fn make<M, C>(
    conn: &mut C,
    catalog: &mut Catalog,
    key: &M::RecordKey,
    want: Revert,
    lock: bool,
) -> Result<RevertPlan<M>, Error>
where
    C: Executor,
    M: Recall<C> + Loaded<C> + Fields<Json>,
{
    let condition = KeyIs::<M, C>::new(key);
    let live = live::<M, C>(conn, &condition, lock).await?;
    let sources = sources::<M, C>(conn, key, &condition, &want).await?;
    let base = match live {
        Some(_) => Base::Live,
        None => Base::Record(last::<M, C>(conn, key, &condition).await?),
    };
    let rest = || {
        Sql::new(" FROM (")
            .append(proposed::<M, C>(&condition, base, &sources))
            .text(") AS ")
            .name(M::LiveTable::SQL_NAME)
    };
    let now = match live {
        Some(_) => {
            let from = Sql::new(" FROM ")
                .name(M::LiveTable::SQL_NAME)
                .text(" WHERE ")
                .part(&condition);
            // As it is, not as a snapshot of the transaction has it.
            let from = if lock { from.lock() } else { from };
            M::load_from(conn, Rest(from)).await?.pop()
        }
        None => None,
    };
    let next = M::load_from(conn, Rest(rest())).await?.pop();
    let next = next.ok_or_else(|| missing::<M>(key, Side::Now))?;
    let changes = compare(now.as_ref(), Some(&next));

    let proposal = Proposal {
        key: &condition,
        base,
        sources: &sources,
        changes: &changes,
        lock,
    };
    let mut conflicts = check::later_edits::<M, C>(conn, &proposal).await?;
    conflicts.extend(check::erased::<M, C>(conn, &proposal).await?);
    conflicts.extend(check::columns_gone::<M, C>(conn, catalog, &proposal).await?);
    conflicts.extend(check::unique::<M, C>(conn, catalog, &proposal).await?);
    conflicts.extend(check::parents::<M, C>(conn, catalog, &proposal).await?);
    if let Err(refusal) = next.validate() {
        conflicts.push(Conflict::Invalid {
            message: refusal.to_string(),
        });
    }
    Ok(RevertPlan {
        model: M::RECORDED_NAME,
        key: key.text(),
        version: live.filter(|_| M::RECORDED_ROLES.version.is_some()),
        undelete: live.is_none(),
        changes,
        conflicts,
        row: key.clone(),
        want,
        sources,
    })
}

/// A query that may wait for locks.
pub(super) struct Locking<'a, DB: Engine>(pub(super) Sql<'a, DB>);

impl<DB: Engine> QueryId for Locking<'_, DB> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB: Engine> QueryFragment<DB> for Locking<'_, DB> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        fails_late::<DB>(&mut out);
        self.0.walk_ast(out)
    }
}

/// The version of the row (0 if the model has none); `None` if it is gone.
async fn live<M, C>(conn: &mut C, key: &KeyIs<'_, M, C>, lock: bool) -> Result<Option<i64>, Error>
where
    C: Executor,
    M: Recall<C>,
{
    let (integer, for_update) = match C::Backend::KIND {
        Kind::Sqlite => ("INTEGER", ""),
        Kind::Postgres => ("BIGINT", " FOR UPDATE"),
        Kind::Mysql => ("SIGNED", " FOR UPDATE"),
    };
    let mut query = Sql::new("SELECT CAST(");
    query = match M::RECORDED_ROLES.version {
        Some((version, _)) => query.name(version),
        None => query.text("0"),
    };
    let query = query
        .text(format!(" AS {integer}), CAST(0 AS {integer}) FROM "))
        .name(M::LiveTable::SQL_NAME)
        .text(" WHERE ")
        .part(key)
        .text(if lock { for_update } else { "" });
    let found = match lock {
        true => conn.numbers(Locking(query)).await?.pop(),
        false => conn.numbers(query).await?.pop(),
    };
    Ok(found.map(|(version, _)| version))
}

/// The last record of a row.
async fn last<M, C>(
    conn: &mut C,
    key: &M::RecordKey,
    condition: &KeyIs<'_, M, C>,
) -> Result<i64, Error>
where
    C: Executor,
    M: Recall<C>,
{
    let query = records::<M, C>(condition)
        .text(" ORDER BY ")
        .name(RECORD_ID)
        .text(" DESC LIMIT 1");
    let found = conn.numbers(query).await?.pop();
    let (record, _) = found.ok_or_else(|| missing::<M>(key, Side::Now))?;
    Ok(record)
}

/// `SELECT record_id, record_version FROM <records> WHERE <key>`
pub(super) fn records<'a, M, C>(condition: &'a KeyIs<'a, M, C>) -> Sql<'a, C::Backend>
where
    C: Executor,
    M: Recall<C>,
{
    Sql::new("SELECT ")
        .names("", &[RECORD_ID, RECORD_VERSION])
        .text(" FROM ")
        .name(M::RECORDING.records)
        .text(" WHERE ")
        .part(condition)
}

/// For every column that is to be reverted, the record that it comes from.
async fn sources<M, C>(
    conn: &mut C,
    key: &M::RecordKey,
    condition: &KeyIs<'_, M, C>,
    revert: &Revert,
) -> Result<Vec<Source>, Error>
where
    C: Executor,
    M: Recall<C> + Fields<Json>,
{
    let want = &revert.want;
    let without = revert.without.iter();
    let without = without.map(|name| column_named::<M>(M::FIELDS, name));
    let without: Vec<&'static str> = without.collect::<Result<_, Error>>()?;
    let mut wanted: Vec<(&'static str, i64)> = match want {
        Want::Version(version) => M::RECORDING
            .columns
            .iter()
            .filter(|column| column.capture == Capture::Value)
            .map(|column| column.name)
            .filter(|name| !is_managed::<M>(name) && !M::RECORDED_KEY.contains(name))
            .map(|name| (name, *version))
            .collect(),
        Want::Fields(fields) => fields
            .iter()
            .map(|(name, version)| Ok((column_named::<M>(M::FIELDS, name)?, *version)))
            .collect::<Result<_, Error>>()?,
    };
    wanted.retain(|(column, _)| !without.contains(column));
    // A version that has no column to take (a table that is only a key) must exist too.
    let mut versions: Vec<i64> = wanted.iter().map(|(_, version)| *version).collect();
    if let Want::Version(version) = want {
        versions.push(*version);
    }
    versions.sort_unstable();
    versions.dedup();
    let mut records = Vec::with_capacity(versions.len());
    for version in versions {
        let query = self::records::<M, C>(condition)
            .text(" AND ")
            .name(RECORD_VERSION)
            .text(" = ")
            .number(version)
            .text(" ORDER BY ")
            .name(RECORD_ID)
            .text(" DESC LIMIT 1");
        let found = conn.numbers(query).await?.pop();
        let (record, _) = found.ok_or_else(|| missing::<M>(key, Side::Version(version)))?;
        records.push((version, record));
    }
    let source = |(column, version)| {
        let (_, record) = records.iter().find(|(found, _)| *found == version)?;
        Some(Source {
            column,
            version,
            record: *record,
        })
    };
    Ok(wanted.into_iter().filter_map(source).collect())
}
