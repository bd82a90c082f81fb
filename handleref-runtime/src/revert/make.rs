//! Making the plan.

use super::check::{self, Proposal};
use super::proposed::{Base, proposed};
use super::{Conflict, Plan, Revert, RevertPlan, Source, Want};
use crate::error::Error;
use crate::facts::{RECORD_ID, RECORD_VERSION};
use crate::history::any::{AnyKey, AnyModel, Boxed};
use crate::history::diff::{Side, missing};
use crate::history::fields::Metadata;
use crate::schema::Catalog;
use crate::session::Session;
use crate::sql::Sql;
use std::sync::Arc;

/// Plans a revert that is applied later, if at all.
pub(crate) fn plan<'a>(
    conn: &'a mut dyn Session,
    model: &'static dyn AnyModel,
    key: AnyKey,
    want: Revert,
) -> Boxed<'a, RevertPlan> {
    Box::pin(async move {
        let mut catalog = Catalog::default();
        let plan = make(conn, &mut catalog, model, &key, want.clone(), false).await?;
        Ok(RevertPlan::of(model, key, want, plan))
    })
}

/// Plans to insert a really deleted row again, as it was last.
pub(crate) fn plan_back<'a>(
    conn: &'a mut dyn Session,
    model: &'static dyn AnyModel,
    key: AnyKey,
) -> Boxed<'a, RevertPlan> {
    Box::pin(async move {
        let (want, plan) = back(conn, model, &key).await?;
        Ok(RevertPlan::of(model, key, want, plan))
    })
}

impl RevertPlan {
    fn of(any: &'static dyn AnyModel, key: AnyKey, want: Revert, plan: Plan) -> Self {
        Self {
            model: plan.facts.name(),
            key: plan.key,
            version: plan.version,
            reinsert: plan.reinsert,
            changes: plan.changes,
            conflicts: plan.conflicts,
            any,
            row: Arc::new(key),
            want,
        }
    }
}

pub(super) async fn back(
    conn: &mut dyn Session,
    model: &dyn AnyModel,
    key: &AnyKey,
) -> Result<(Revert, Plan), Error> {
    let facts = model.facts();
    let found: Option<(i64, i64)> = conn.first(last(&facts, key)).await?;
    let (_, version) = found.ok_or_else(|| facts.gone(key))?;
    let want = Revert::from(version);
    let mut catalog = Catalog::default();
    let plan = make(conn, &mut catalog, model, key, want.clone(), false).await?;
    Ok((want, plan))
}

/// Plans the revert of the row with this key. With `lock`, the row and its
/// parents are locked until the end of the transaction.
pub(crate) async fn make(
    conn: &mut dyn Session,
    catalog: &mut Catalog,
    model: &dyn AnyModel,
    key: &AnyKey,
    want: Revert,
    lock: bool,
) -> Result<Plan, Error> {
    let facts = model.facts();
    let live = live(conn, &facts, key, lock).await?;
    let sources = sources(conn, &facts, key, &want).await?;
    let base = match live {
        Some(_) => Base::Live,
        None => {
            let found: Option<(i64, i64)> = conn.first(last(&facts, key)).await?;
            let (record, _) = found.ok_or_else(|| facts.gone(key))?;
            Base::Record(record)
        }
    };
    let now = match live {
        Some(_) => {
            let from = facts.from_table().sql(" WHERE ").typed(&key.condition);
            // As it is, not as a snapshot of the transaction has it.
            let from = if lock { from.lock() } else { from };
            model.row(conn, from).await?.map(|row| row.values())
        }
        None => None,
    };
    let kind = conn.kind();
    let rest = Sql::new(" FROM (")
        .append(proposed(kind, &facts, key, base, &sources))
        .sql(") AS ")
        .name(facts.table());
    let next = model.row(conn, rest).await?;
    let next = next.ok_or_else(|| facts.gone(key))?;
    let changes = facts.compare(now.as_deref(), Some(&next.values()));

    let proposal = Proposal {
        kind,
        model,
        facts: &facts,
        key,
        base,
        sources: &sources,
        changes: &changes,
        lock,
    };
    let mut conflicts = check::later_edits(conn, &proposal).await?;
    conflicts.extend(check::erased(conn, &proposal).await?);
    conflicts.extend(check::columns_gone(conn, catalog, &proposal).await?);
    conflicts.extend(check::unique(conn, catalog, &proposal).await?);
    conflicts.extend(check::parents(conn, catalog, &proposal).await?);
    if let Err(refusal) = next.validate() {
        conflicts.push(Conflict::Invalid {
            message: refusal.to_string(),
        });
    }
    Ok(Plan {
        key: key.text.clone(),
        version: live.filter(|_| facts.model.roles.version.is_some()),
        reinsert: live.is_none(),
        changes,
        conflicts,
        sources,
        facts,
    })
}

/// The version of the row (0 if the model has none); `None` if it is gone.
async fn live(
    conn: &mut dyn Session,
    facts: &Metadata,
    key: &AnyKey,
    lock: bool,
) -> Result<Option<i64>, Error> {
    let query = Sql::new("SELECT ");
    let query = match facts.model.roles.version {
        Some((version, _)) => query.name(version),
        None => query.sql("0"),
    };
    let query = query.append(facts.from_table()).sql(" WHERE ");
    let query = query.typed(&key.condition);
    let query = if lock { query.lock() } else { query };
    let found: Option<(i64,)> = conn.first(query).await?;
    Ok(found.map(|(version,)| version))
}

/// The query for the last record of a row.
fn last<'a>(facts: &Metadata, key: &'a AnyKey) -> Sql<'a> {
    records(facts, key)
        .sql(" ORDER BY ")
        .name(RECORD_ID)
        .sql(" DESC LIMIT 1")
}

/// `SELECT record_id, record_version FROM <records> WHERE <key>`
pub(super) fn records<'a>(facts: &Metadata, key: &'a AnyKey) -> Sql<'a> {
    Sql::new("SELECT ")
        .names("", &[RECORD_ID, RECORD_VERSION])
        .sql(" FROM ")
        .name(facts.records())
        .sql(" WHERE ")
        .typed(&key.condition)
}

/// For every column that is to be reverted, the record that it comes from.
async fn sources(
    conn: &mut dyn Session,
    facts: &Metadata,
    key: &AnyKey,
    revert: &Revert,
) -> Result<Vec<Source>, Error> {
    let want = &revert.want;
    let without = revert.without.iter();
    let without = without.map(|name| facts.open_column(name));
    let without: Vec<&'static str> = without.collect::<Result<_, Error>>()?;
    let mut wanted: Vec<(&'static str, i64)> = match want {
        Want::Version(version) => {
            let columns = facts.model.recording.columns.iter().enumerate();
            let open = columns.filter(|(at, _)| facts.is_open(*at));
            open.map(|(_, column)| (column.name, *version)).collect()
        }
        Want::Fields(fields) => fields
            .iter()
            .map(|(name, version)| Ok((facts.open_column(name)?, *version)))
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
    let mut found = Vec::with_capacity(versions.len());
    for version in versions {
        let query = records(facts, key)
            .sql(" AND ")
            .name(RECORD_VERSION)
            .sql(" = ")
            .bind(version)
            .sql(" ORDER BY ")
            .name(RECORD_ID)
            .sql(" DESC LIMIT 1");
        let record: Option<(i64, i64)> = conn.first(query).await?;
        let (record, _) = record.ok_or_else(|| missing(facts, key, Side::Version(version)))?;
        found.push((version, record));
    }
    let source = |(column, version)| {
        let (_, record) = found.iter().find(|(known, _)| *known == version)?;
        Some(Source {
            column,
            version,
            record: *record,
        })
    };
    Ok(wanted.into_iter().filter_map(source).collect())
}
