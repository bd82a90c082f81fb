//! A page of the log of a row.

use super::Found;
use crate::any::AnyInstance;
use crate::changeset::{Actor, Changeset};
use crate::history::{ChangesetNo, FieldChange, Operation, RecordNo, Recorded};
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// Some records of a row of `M`, the newest first.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct LogPage<M> {
    /// The records, the newest first.
    pub entries: Vec<LogEntry<M>>,
    /// What to give to [`before`](super::Log::before) for older ones; `None` if there
    /// are none.
    pub next: Option<RecordNo>,
}

/// One record of a row of `M`: what happened, when, by whom and why.
///
/// Displayed, it is a line, and one more for each field.
#[derive(Clone, Serialize)]
#[serde(bound = "")]
#[non_exhaustive]
pub struct LogEntry<M> {
    /// The number of the record.
    pub record: RecordNo,
    /// The version of the row after it.
    pub version: i64,
    /// What happened.
    pub operation: Operation,
    /// When, by the database's clock.
    pub at: DateTime<Utc>,
    /// The number of the changeset that it is part of.
    pub changeset_no: Option<ChangesetNo>,
    /// That changeset: who, and why; `None` if somebody has deleted it.
    pub changeset: Option<Changeset>,
    /// The fields that it changed against the record before it, in the order of
    /// the struct: all of an inserted row, none of one that was deleted. Of
    /// redacted fields only that they changed.
    pub changes: Vec<FieldChange>,
    /// Whether the record before it is known. If it was pruned, no changes are
    /// listed.
    pub is_known: bool,
    #[serde(skip)]
    row: Arc<dyn AnyInstance>,
    #[serde(skip)]
    model: PhantomData<fn() -> M>,
}

impl<M: Recorded> LogEntry<M> {
    /// `None` of a row of another model, which is not among those that were read.
    pub(super) fn new(found: Found) -> Option<Self> {
        found.row.any().downcast_ref::<M>()?;
        Some(Self {
            record: RecordNo(found.head.id),
            version: found.head.version,
            operation: found.head.operation,
            at: found.head.at,
            changeset_no: found.head.changeset,
            changeset: found.changeset,
            changes: found.changes,
            is_known: found.is_known,
            row: found.row,
            model: PhantomData,
        })
    }

    /// The row after it; of a deleted one what it was last.
    pub fn row(&self) -> Option<&M> {
        self.row.any().downcast_ref()
    }
}

impl<M> LogEntry<M> {
    /// Who did it, if it was done in a changeset that says so.
    pub fn actor(&self) -> Option<&Actor> {
        self.changeset.as_ref()?.actor.as_ref()
    }

    /// Why, likewise.
    pub fn comment(&self) -> Option<&str> {
        self.changeset.as_ref()?.comment.as_deref()
    }

    /// The change of a column, as in `entry.get(articles::title)`.
    pub fn get<C: diesel::Column>(&self, _: C) -> Option<&FieldChange> {
        self.changes.iter().find(|change| change.column == C::NAME)
    }
}

impl<M> fmt::Debug for LogEntry<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// `v3 update 2026-11-25 12:00:00 by ann: typo`, and a line for each field.
impl<M> fmt::Display for LogEntry<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            version,
            operation,
            at,
            changes,
            ..
        } = self;
        write!(f, "v{version} {operation} {}", at.format("%F %T"))?;
        if let Some(actor) = self.actor() {
            write!(f, " by {actor}")?;
        }
        if let Some(comment) = self.comment() {
            write!(f, ": {comment}")?;
        }
        for change in changes {
            write!(f, "\n  {change}")?;
        }
        Ok(())
    }
}
