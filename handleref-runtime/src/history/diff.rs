//! What changed between versions of a row.

use super::any::{AnyInstance, AnyKey, AnyModel, Boxed};
use super::fields::Metadata;
use super::object::ObjectRef;
use crate::error::Error;
use crate::facts::{RECORD_ID, RECORD_REDACTED, RECORD_VERSION};
use crate::session::Session;
use crate::sql::Sql;
use serde_json::Value;
use std::fmt;
use std::sync::Arc;

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
#[doc(alias = "ValueChange")]
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
    /// The model that the field refers to, if it is a foreign key of one column.
    pub references: Option<&'static str>,
}

impl FieldChange {
    /// The object that a foreign key referred to before; it may be gone by now.
    pub fn old_object(&self) -> Option<ObjectRef> {
        ObjectRef::referred(self.references?, &[&self.old])
    }

    /// The object that a foreign key refers to afterwards; it may be gone by now.
    pub fn new_object(&self) -> Option<ObjectRef> {
        ObjectRef::referred(self.references?, &[&self.new])
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

/// What changed from one state of a row to another one.
pub(crate) fn diff<'a>(
    conn: &'a mut dyn Session,
    model: &'static dyn AnyModel,
    key: AnyKey,
    from: Side,
    to: Side,
) -> Boxed<'a, Diff> {
    Box::pin(async move {
        let facts = model.facts();
        let old = state(conn, model, &key, from).await?.values();
        let new = state(conn, model, &key, to).await?.values();
        let mut changes = facts.compare(Some(&old), Some(&new));
        if facts.model.recording.redacts() {
            changes.extend(redacted(conn, &facts, &key, from, to).await?);
            changes.sort_by_key(|change| facts.at(change.column));
        }
        Ok(Diff {
            model: facts.name(),
            key: key.text,
            from,
            to,
            changes,
        })
    })
}

/// The row at one side of a comparison.
async fn state(
    conn: &mut dyn Session,
    model: &dyn AnyModel,
    key: &AnyKey,
    side: Side,
) -> Result<Arc<dyn AnyInstance>, Error> {
    let facts = model.facts();
    let from = match side {
        Side::Now => facts.from_table().sql(" WHERE ").typed(&key.condition),
        Side::Version(version) => facts
            .from_records()
            .sql(" WHERE ")
            .typed(&key.condition)
            .sql(" AND ")
            .name(RECORD_VERSION)
            .sql(" = ")
            .bind(version)
            .sql(" ORDER BY ")
            .name(RECORD_ID)
            .sql(" DESC LIMIT 1"),
    };
    let found = model.row(conn, from).await?;
    found.ok_or_else(|| missing(&facts, key, side))
}

pub(crate) fn missing(facts: &Metadata, key: &AnyKey, side: Side) -> Error {
    let (model, key) = (facts.name(), key.text.clone());
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
async fn redacted(
    conn: &mut dyn Session,
    facts: &Metadata,
    key: &AnyKey,
    from: Side,
    to: Side,
) -> Result<Vec<FieldChange>, Error> {
    let number = |side| match side {
        Side::Version(version) => version,
        Side::Now => i64::MAX,
    };
    let (low, high) = (number(from).min(number(to)), number(from).max(number(to)));
    let query = Sql::new("SELECT DISTINCT ")
        .name(RECORD_REDACTED)
        .sql(" FROM ")
        .name(facts.records())
        .sql(" WHERE ")
        .typed(&key.condition)
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
    let columns = facts.model.recording.columns.iter().enumerate();
    let changed = columns.filter(|(_, column)| changed.contains(&column.name));
    Ok(changed.filter_map(|(at, _)| facts.redacted(at)).collect())
}

/// What each of these versions changed.
pub(crate) fn changes_summary<'a>(
    conn: &'a mut dyn Session,
    model: &'static dyn AnyModel,
    key: AnyKey,
    versions: &'a [i64],
) -> Boxed<'a, Vec<FieldHistory>> {
    Box::pin(async move {
        let facts = model.facts();
        let mut versions = versions.to_vec();
        versions.sort_unstable();
        versions.dedup();
        let mut summary: Vec<FieldHistory> = Vec::new();
        for version in versions {
            let new = state(conn, model, &key, Side::Version(version)).await?;
            let earlier = before(conn, &facts, &key, version).await?;
            let old = match earlier {
                Some(earlier) => Some(state(conn, model, &key, Side::Version(earlier)).await?),
                None => None,
            };
            let from = Side::Version(earlier.unwrap_or(i64::MIN));
            let hidden = match facts.model.recording.redacts() {
                true => redacted(conn, &facts, &key, from, Side::Version(version)).await?,
                false => Vec::new(),
            };
            let old = old.map(|row| row.values());
            let changes = facts.compare(old.as_deref(), Some(&new.values()));
            for change in changes.into_iter().chain(hidden) {
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
    })
}

/// The version before another one.
async fn before(
    conn: &mut dyn Session,
    facts: &Metadata,
    key: &AnyKey,
    version: i64,
) -> Result<Option<i64>, Error> {
    let query = Sql::new("SELECT ")
        .name(RECORD_VERSION)
        .sql(" FROM ")
        .name(facts.records())
        .sql(" WHERE ")
        .typed(&key.condition)
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
