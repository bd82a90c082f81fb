//! What happened to one row.

use super::Model;
use super::object::values;
use crate::changeset::{Actor, Changeset};
use crate::error::Error;
use crate::history::{ChangesetNo, FieldChange, Operation, RecordNo};
use crate::log::{Part, read};
use crate::session::{Boxed, Executor, Session};
use crate::time::{BoundTime, Instant};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};

/// A query for the records of one row, the newest first; made by
/// [`Model::history`].
#[derive(Debug, Clone)]
#[must_use = "nothing is read before `.load(conn)`"]
pub struct History<'m> {
    model: &'m Model,
    key: String,
    part: Part,
}

/// Some records of a row.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct HistoryPage {
    /// The records, the newest first.
    pub entries: Vec<Entry>,
    /// What to give to [`before`](History::before) for older ones; `None` if there
    /// are none.
    pub next: Option<i64>,
}

/// One record of a row: who changed what, and when.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Entry {
    /// The number of the record.
    pub record: i64,
    /// The version of the row after it.
    pub version: i64,
    /// The one before; `None` if the record before it is not known.
    #[serde(skip)]
    pub version_before: Option<i64>,
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
    /// The values of the row after it, by field; of a deleted row those that it
    /// had last.
    pub values: Map<String, Value>,
}

impl Model {
    /// The history of the row with this key, whether it still exists or not.
    pub fn history(&self, key: impl Into<String>) -> History<'_> {
        History {
            model: self,
            key: key.into(),
            part: Part::default(),
        }
    }
}

impl History<'_> {
    /// Only records before this one.
    pub fn before(mut self, record: RecordNo) -> Self {
        self.part.before(record.0);
        self
    }

    /// Only those in changesets of this actor; a number and a text that are written alike
    /// are the same here.
    pub fn by(mut self, actor: impl Into<Actor>) -> Self {
        self.part.wanted().by = Some(actor.into().to_string());
        self
    }

    /// Only those at this time or later.
    pub fn from(mut self, time: impl Instant) -> Self {
        self.part.wanted().from = Some(BoundTime::new(time));
        self
    }

    /// Only those before this time.
    pub fn until(mut self, time: impl Instant) -> Self {
        self.part.wanted().until = Some(BoundTime::new(time));
        self
    }

    /// Only those that set this field, or another one that is named so: those of which it
    /// is among the [`changes`](Entry::changes). It is named as in the struct or in the table.
    pub fn field(mut self, name: impl Into<String>) -> Self {
        self.part.wanted().fields.push(name.into());
        self
    }

    /// Only those of this kind, or another one that is named so.
    pub fn operation(mut self, operation: Operation) -> Self {
        self.part.wanted().operations.push(operation);
        self
    }

    /// At most so many, from 1 to 10,000; otherwise 20.
    pub fn limit(mut self, records: u32) -> Self {
        self.part.limit(records);
        self
    }

    /// Reads them: one query for the records (two if only some are wanted), and one for
    /// their changesets.
    ///
    /// # Errors
    /// [`Error::WrongObject`] if the text is no key of this model, [`Error::NoField`] if it
    /// has no field of a name, or none whose changes are recorded,
    /// [`Error::NoModel`], [`Error::NotInstalled`] or [`Error::Database`].
    pub fn load<'a, C: Executor>(self, conn: &'a mut C) -> C::Output<'a, Result<HistoryPage, Error>>
    where
        Self: 'a,
    {
        C::finish(load(conn, self))
    }
}

impl<'m> History<'m> {
    pub(crate) fn paged<'a>(
        self,
        conn: &'a mut dyn Session,
    ) -> Boxed<'a, Result<HistoryPage, Error>>
    where
        'm: 'a,
    {
        load(conn, self)
    }
}

pub(super) fn load<'a>(
    conn: &'a mut dyn Session,
    history: History<'a>,
) -> Boxed<'a, Result<HistoryPage, Error>> {
    Box::pin(async move {
        let model = history.model;
        let (on, key) = model.key_on(conn.kind(), &history.key)?;
        let (found, next) = read(conn, on, &key, &history.part).await?;
        let entries = found.into_iter().map(|found| Entry {
            record: found.head.id,
            version: found.head.version,
            version_before: found.version_before,
            operation: found.head.operation,
            at: found.head.at,
            changeset_no: found.head.changeset,
            changeset: found.changeset,
            changes: found.changes,
            is_known: found.is_known,
            values: values(model, &*found.row),
        });
        Ok(HistoryPage {
            entries: entries.collect(),
            next,
        })
    })
}
