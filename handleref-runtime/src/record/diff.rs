//! What changed between versions of a row.

use super::model::{LiveName, Recall, Recorded};
use super::query::{KeyIs, Loaded};
use super::value::{Fields, Json};
use crate::engine::Engine;
use crate::error::Error;
use crate::facts::{RECORD_ID, RECORD_REDACTED, RECORD_VERSION};
use crate::key::Key;
use crate::session::Session;
use crate::sql::Sql;
use serde_json::Value;
use std::fmt;

/// One end of a comparison: a version, or the row as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
pub enum Side {
    /// This version.
    Version(i64),
    /// The row as it is now.
    Now,
}

/// The row as it is now, in a comparison: `article.diff(conn, 3, Now)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now;

impl From<Now> for Side {
    fn from(_: Now) -> Self {
        Self::Now
    }
}
impl From<i64> for Side {
    fn from(version: i64) -> Self {
        Self::Version(version)
    }
}
impl From<i32> for Side {
    fn from(version: i32) -> Self {
        Self::Version(version.into())
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => write!(f, "version {version}"),
            Self::Now => f.write_str("now"),
        }
    }
}

/// The changes of a row from one state to another.
///
/// The version and the timestamps that handleref writes are not among them;
/// they differ always. Displayed, it is one line for each field.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct Diff {
    /// The model's name.
    pub model: &'static str,
    /// The row's key, as text.
    pub key: String,
    /// Where it starts.
    pub from: Side,
    /// Where it ends.
    pub to: Side,
    /// The fields that differ, in the order of the struct.
    pub changes: Vec<FieldChange>,
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct FieldChange {
    /// The name of the struct's field.
    pub field: &'static str,
    /// The column's SQL name.
    pub column: &'static str,
    /// The value before, as serde sees it; null is null.
    pub old: Value,
    /// The value after.
    pub new: Value,
    /// Whether the field is redacted: that it changed is known, the values are
    /// not, and both are null here.
    pub redacted: bool,
}

impl FieldChange {
    /// One whose values are known.
    pub(crate) fn told(field: &'static str, column: &'static str, old: Value, new: Value) -> Self {
        Self {
            field,
            column,
            old,
            new,
            redacted: false,
        }
    }

    /// One of which only the change is known.
    pub(crate) fn redacted(field: &'static str, column: &'static str) -> Self {
        Self {
            redacted: true,
            ..Self::told(field, column, Value::Null, Value::Null)
        }
    }
}

impl Diff {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The names of the fields that differ, sorted.
    pub fn changed_fields(&self) -> Vec<&'static str> {
        let mut fields: Vec<_> = self.changes.iter().map(|change| change.field).collect();
        fields.sort_unstable();
        fields
    }

    /// The change of a column, as in `diff.get(articles::title)`.
    pub fn get<C: diesel::Column>(&self, _: C) -> Option<&FieldChange> {
        self.changes.iter().find(|change| change.column == C::NAME)
    }
}

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}: {} to {}",
            self.model, self.key, self.from, self.to
        )?;
        for change in &self.changes {
            write!(f, "\n  {change}")?;
        }
        Ok(())
    }
}

impl fmt::Display for FieldChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.redacted {
            true => write!(f, "{}: changed (redacted)", self.field),
            false => write!(f, "{}: {} -> {}", self.field, self.old, self.new),
        }
    }
}

/// Several versions of a row, each compared with the one before it.
///
/// Serialised, it is what django-handleref's `changes_summary` gives.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct FieldHistory {
    /// The name of the struct's field.
    pub field: &'static str,
    /// Its changes, in the order of the versions.
    pub changes: Vec<VersionChange>,
}

/// What one version changed of a field.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct VersionChange {
    /// The version.
    pub version: i64,
    /// The value before; null in the first version.
    pub old: Value,
    /// The value after.
    pub new: Value,
    /// As in [`FieldChange`].
    pub redacted: bool,
}

/// Whether a column is one that handleref writes with every change, and so
/// says nothing about what changed.
pub(super) fn is_managed<M: Recorded>(column: &str) -> bool {
    let roles = M::RECORDED_ROLES;
    let version = roles.version.map(|(name, _)| name);
    let times = [roles.created_at, roles.updated_at].map(|role| role.map(|(name, _)| name));
    version == Some(column) || times.contains(&Some(column))
}

/// The fields that differ between two instances.
pub(super) fn compare<M: Fields<Json>>(old: Option<&M>, new: Option<&M>) -> Vec<FieldChange> {
    let values = |row: Option<&M>| match row {
        Some(row) => row.values(),
        None => vec![Value::Null; M::FIELDS.len()],
    };
    let columns = M::RECORDING.columns;
    let pairs = values(old).into_iter().zip(values(new));
    let fields = M::FIELDS.iter().zip(columns).zip(pairs);
    fields
        .filter(|((_, column), (old, new))| {
            let kept = matches!(column.capture, crate::facts::Capture::Value);
            kept && old != new && !is_managed::<M>(column.name)
        })
        .map(|((field, column), (old, new))| FieldChange {
            field,
            column: column.name,
            old,
            new,
            redacted: false,
        })
        .collect()
}

pub(super) async fn diff<M, DB>(
    conn: &mut dyn Session,
    row: &M,
    from: Side,
    to: Side,
) -> Result<Diff, Error>
where
    DB: Engine,
    M: Recall<DB> + Loaded<DB> + Fields<Json>,
{
    let key = row.record_key();
    let old = state::<M, DB>(conn, &key, from).await?;
    let new = state::<M, DB>(conn, &key, to).await?;
    let mut changes = compare(Some(&old), Some(&new));
    if M::RECORDING.redacts() {
        changes.extend(redacted::<M, DB>(conn, &key, from, to).await?);
        let at = |change: &FieldChange| {
            let mut columns = M::RECORDING.columns.iter();
            columns.position(|column| column.name == change.column)
        };
        changes.sort_by_key(at);
    }
    Ok(Diff {
        model: M::RECORDED_NAME,
        key: key.text(),
        from,
        to,
        changes,
    })
}

/// The row at one side of a comparison.
pub(super) async fn state<M, DB>(
    conn: &mut dyn Session,
    key: &M::RecordKey,
    side: Side,
) -> Result<M, Error>
where
    DB: Engine,
    M: Recall<DB> + Loaded<DB>,
{
    let condition = KeyIs::<M, DB>::new(key);
    let table = M::LiveTable::SQL_NAME;
    let from = match side {
        Side::Now => Sql::new(" FROM ")
            .name(table)
            .sql(" WHERE ")
            .part::<DB>(&condition),
        Side::Version(version) => Sql::new(" FROM ")
            .name(M::RECORDING.records)
            .sql(" AS ")
            .name(table)
            .sql(" WHERE ")
            .part::<DB>(&condition)
            .sql(" AND ")
            .name(RECORD_VERSION)
            .sql(" = ")
            .bind(version)
            .sql(" ORDER BY ")
            .name(RECORD_ID)
            .sql(" DESC LIMIT 1"),
    };
    let found = M::load_from(conn.session(), from).await?.pop();
    found.ok_or_else(|| missing::<M>(key, side))
}

pub(super) fn missing<M: Recorded>(key: &M::RecordKey, side: Side) -> Error {
    let (model, key) = (M::RECORDED_NAME, key.text());
    match side {
        Side::Now => Error::Gone { model, key },
        Side::Version(version) => Error::NoVersion {
            model,
            key,
            version,
        },
    }
}

/// The redacted fields that changed between two sides.
async fn redacted<M, DB>(
    conn: &mut dyn Session,
    key: &M::RecordKey,
    from: Side,
    to: Side,
) -> Result<Vec<FieldChange>, Error>
where
    DB: Engine,
    M: Recall<DB> + Fields<Json>,
{
    let number = |side| match side {
        Side::Version(version) => version,
        Side::Now => i64::MAX,
    };
    let (low, high) = (number(from).min(number(to)), number(from).max(number(to)));
    let condition = KeyIs::<M, DB>::new(key);
    let query = Sql::new("SELECT DISTINCT ")
        .name(RECORD_REDACTED)
        .sql(" FROM ")
        .name(M::RECORDING.records)
        .sql(" WHERE ")
        .part::<DB>(&condition)
        .sql(" AND ")
        .name(RECORD_REDACTED)
        .sql(" IS NOT NULL AND ")
        .name(RECORD_VERSION)
        .sql(" > ")
        .bind(low)
        .sql(" AND ")
        .name(RECORD_VERSION)
        .sql(" <= ")
        .bind(high);
    let lists: Vec<(String,)> = conn.rows(query).await?;
    let names = lists.iter().flat_map(|(names,)| names.split(','));
    let changed: Vec<&str> = names.collect();
    let fields = M::FIELDS.iter().zip(M::RECORDING.columns);
    Ok(fields
        .filter(|(_, column)| changed.contains(&column.name))
        .map(|(field, column)| FieldChange {
            field,
            column: column.name,
            old: Value::Null,
            new: Value::Null,
            redacted: true,
        })
        .collect())
}

pub(super) async fn changes_summary<M, DB>(
    conn: &mut dyn Session,
    row: &M,
    versions: &[i64],
) -> Result<Vec<FieldHistory>, Error>
where
    DB: Engine,
    M: Recall<DB> + Loaded<DB> + Fields<Json>,
{
    let key = row.record_key();
    let mut versions = versions.to_vec();
    versions.sort_unstable();
    versions.dedup();
    let mut summary: Vec<FieldHistory> = Vec::new();
    for version in versions {
        let new = state::<M, DB>(conn, &key, Side::Version(version)).await?;
        let earlier = before::<M, DB>(conn, &key, version).await?;
        let old = match earlier {
            Some(earlier) => Some(state::<M, DB>(conn, &key, Side::Version(earlier)).await?),
            None => None,
        };
        let from = Side::Version(earlier.unwrap_or(i64::MIN));
        let hidden = match M::RECORDING.redacts() {
            true => redacted::<M, DB>(conn, &key, from, Side::Version(version)).await?,
            false => Vec::new(),
        };
        for change in compare(old.as_ref(), Some(&new)).into_iter().chain(hidden) {
            let entry = VersionChange {
                version,
                old: change.old,
                new: change.new,
                redacted: change.redacted,
            };
            match summary.iter_mut().find(|one| one.field == change.field) {
                Some(field) => field.changes.push(entry),
                None => summary.push(FieldHistory {
                    field: change.field,
                    changes: vec![entry],
                }),
            }
        }
    }
    summary.sort_by_key(|field| field.field);
    Ok(summary)
}

/// The version before another one.
async fn before<M, DB>(
    conn: &mut dyn Session,
    key: &M::RecordKey,
    version: i64,
) -> Result<Option<i64>, Error>
where
    DB: Engine,
    M: Recall<DB>,
{
    let condition = KeyIs::<M, DB>::new(key);
    let query = Sql::new("SELECT ")
        .name(RECORD_VERSION)
        .sql(" FROM ")
        .name(M::RECORDING.records)
        .sql(" WHERE ")
        .part::<DB>(&condition)
        .sql(" AND ")
        .name(RECORD_VERSION)
        .sql(" < ")
        .bind(version)
        .sql(" ORDER BY ")
        .name(RECORD_ID)
        .sql(" DESC LIMIT 1");
    let found: Option<(i64,)> = conn.first(query).await?;
    Ok(found.map(|(version,)| version))
}
