//! Making the plan.

use super::super::diff::{Side, compare, is_managed, missing};
use super::super::model::{LiveName, Recall};
use super::super::query::{KeyIs, Loaded};
use super::super::value::{Fields, Json};
use super::check::{self, Proposal};
use super::proposed::{Base, proposed};
use super::{Conflict, Revert, RevertPlan, Source, Want, column_named};
use crate::engine::Engine;
use crate::error::Error;
use crate::facts::{Capture, RECORD_ID, RECORD_VERSION};
use crate::key::Key;
use crate::schema::Catalog;
use crate::session::Session;
use crate::sql::Sql;

/// Plans the revert of the row with this key. With `lock`, the row and its
/// parents are locked until the end of the transaction.
pub(crate) async fn make<M, DB>(
    conn: &mut dyn Session,
    catalog: &mut Catalog,
    key: &M::RecordKey,
    want: Revert,
    lock: bool,
) -> Result<RevertPlan<M>, Error>
where
    DB: Engine,
    M: Recall<DB> + Loaded<DB> + Fields<Json>,
{
    let condition = KeyIs::<M, DB>::new(key);
    let live = live::<M, DB>(conn, &condition, lock).await?;
    let sources = sources::<M, DB>(conn, key, &condition, &want).await?;
    let base = match live {
        Some(_) => Base::Live,
        None => Base::Record(last::<M, DB>(conn, key, &condition).await?),
    };
    let rest = || {
        Sql::new(" FROM (")
            .append(proposed::<M, DB>(&condition, base, &sources))
            .sql(") AS ")
            .name(M::LiveTable::SQL_NAME)
    };
    let now = match live {
        Some(_) => {
            let from = Sql::new(" FROM ")
                .name(M::LiveTable::SQL_NAME)
                .sql(" WHERE ")
                .part::<DB>(&condition);
            // As it is, not as a snapshot of the transaction has it.
            let from = if lock { from.lock() } else { from };
            M::load_from(conn.session(), from).await?.pop()
        }
        None => None,
    };
    let next = M::load_from(conn.session(), rest()).await?.pop();
    let next = next.ok_or_else(|| missing::<M>(key, Side::Now))?;
    let changes = compare(now.as_ref(), Some(&next));

    let proposal = Proposal {
        key: &condition,
        base,
        sources: &sources,
        changes: &changes,
        lock,
    };
    let mut conflicts = check::later_edits::<M, DB>(conn, &proposal).await?;
    conflicts.extend(check::erased::<M, DB>(conn, &proposal).await?);
    conflicts.extend(check::columns_gone::<M, DB>(conn, catalog, &proposal).await?);
    conflicts.extend(check::unique::<M, DB>(conn, catalog, &proposal).await?);
    conflicts.extend(check::parents::<M, DB>(conn, catalog, &proposal).await?);
    if let Err(refusal) = next.validate() {
        conflicts.push(Conflict::Invalid {
            message: refusal.to_string(),
        });
    }
    Ok(RevertPlan {
        model: M::RECORDED_NAME,
        key: key.text(),
        version: live.filter(|_| M::RECORDED_ROLES.version.is_some()),
        reinsert: live.is_none(),
        changes,
        conflicts,
        row: key.clone(),
        want,
        sources,
    })
}

/// The version of the row (0 if the model has none); `None` if it is gone.
async fn live<M, DB>(
    conn: &mut dyn Session,
    key: &KeyIs<'_, M, DB>,
    lock: bool,
) -> Result<Option<i64>, Error>
where
    DB: Engine,
    M: Recall<DB>,
{
    let query = Sql::new("SELECT ");
    let query = match M::RECORDED_ROLES.version {
        Some((version, _)) => query.name(version),
        None => query.sql("0"),
    };
    let query = query
        .sql(" FROM ")
        .name(M::LiveTable::SQL_NAME)
        .sql(" WHERE ")
        .part::<DB>(key);
    let query = if lock { query.lock() } else { query };
    let found: Option<(i64,)> = conn.session().first(query).await?;
    Ok(found.map(|(version,)| version))
}

/// The last record of a row.
async fn last<M, DB>(
    conn: &mut dyn Session,
    key: &M::RecordKey,
    condition: &KeyIs<'_, M, DB>,
) -> Result<i64, Error>
where
    DB: Engine,
    M: Recall<DB>,
{
    let query = records::<M, DB>(condition)
        .sql(" ORDER BY ")
        .name(RECORD_ID)
        .sql(" DESC LIMIT 1");
    let found: Option<(i64, i64)> = conn.first(query).await?;
    let (record, _) = found.ok_or_else(|| missing::<M>(key, Side::Now))?;
    Ok(record)
}

/// `SELECT record_id, record_version FROM <records> WHERE <key>`
pub(super) fn records<'a, M, DB>(condition: &'a KeyIs<'a, M, DB>) -> Sql<'a>
where
    DB: Engine,
    M: Recall<DB>,
{
    Sql::new("SELECT ")
        .names("", &[RECORD_ID, RECORD_VERSION])
        .sql(" FROM ")
        .name(M::RECORDING.records)
        .sql(" WHERE ")
        .part::<DB>(condition)
}

/// For every column that is to be reverted, the record that it comes from.
async fn sources<M, DB>(
    conn: &mut dyn Session,
    key: &M::RecordKey,
    condition: &KeyIs<'_, M, DB>,
    revert: &Revert,
) -> Result<Vec<Source>, Error>
where
    DB: Engine,
    M: Recall<DB> + Fields<Json>,
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
        let query = self::records::<M, DB>(condition)
            .sql(" AND ")
            .name(RECORD_VERSION)
            .sql(" = ")
            .bind(version)
            .sql(" ORDER BY ")
            .name(RECORD_ID)
            .sql(" DESC LIMIT 1");
        let found: Option<(i64, i64)> = conn.first(query).await?;
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
