//! What happened to one row.

use super::Model;
use super::object::values;
use crate::any::{AnyInstance, AnyKey};
use crate::changeset::{Changeset, find_all};
use crate::error::Error;
use crate::facts::RECORD_ID;
use crate::history::change::head::RecordHead;
use crate::history::{ChangesetNo, FieldChange, Operation, RecordNo};
use crate::session::{Boxed, Executor, Session};
use crate::sql::Sql;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// The greatest number of records in one page.
const MOST: u32 = 10_000;

/// A query for the records of one row, the newest first; made by
/// [`Model::history`].
#[derive(Debug, Clone)]
#[must_use = "nothing is read before `.load(conn)`"]
pub struct History<'m> {
    model: &'m Model,
    key: String,
    before: Option<i64>,
    limit: u32,
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
            before: None,
            limit: 20,
        }
    }
}

impl History<'_> {
    /// Only records before this one.
    pub fn before(mut self, record: RecordNo) -> Self {
        self.before = Some(record.0);
        self
    }

    /// At most so many, from 1 to 10,000; otherwise 20.
    pub fn limit(mut self, records: u32) -> Self {
        self.limit = records.clamp(1, MOST);
        self
    }

    /// Reads them: one query for the records, and one for their changesets.
    ///
    /// # Errors
    /// [`Error::WrongObject`] if the text is no key of this model,
    /// [`Error::NoModel`], [`Error::NotInstalled`] or [`Error::Database`].
    pub fn load<'a, C: Executor>(self, conn: &'a mut C) -> C::Output<'a, Result<HistoryPage, Error>>
    where
        Self: 'a,
    {
        C::finish(load(conn, self))
    }
}

pub(super) fn load<'a>(
    conn: &'a mut dyn Session,
    history: History<'a>,
) -> Boxed<'a, Result<HistoryPage, Error>> {
    Box::pin(async move {
        let model = history.model;
        let (on, key) = model.key_on(conn.kind(), &history.key)?;
        let from = records(model, &key, history.before, history.limit);
        let rows = on
            .load(conn, RecordHead::columns(&model.facts), from)
            .await?;
        let mut read = Vec::with_capacity(rows.len());
        for (head, row) in rows {
            let head = RecordHead::read(&model.facts, head)?;
            read.push(Record { head, row });
        }
        let most = usize::try_from(history.limit).unwrap_or(usize::MAX);
        // The one more is what the last of the page is compared with.
        let earlier = (read.len() > most).then(|| read.split_off(most));
        let earlier = earlier.and_then(|mut rest| rest.pop());
        let next = earlier
            .as_ref()
            .and(read.last())
            .map(|record| record.head.id);
        let numbers = read.iter().filter_map(|record| record.head.changeset);
        let numbers: Vec<i64> = numbers.map(|no| no.0).collect();
        let changesets = find_all(conn, &numbers).await?.into_iter();
        let changesets: HashMap<ChangesetNo, Changeset> =
            changesets.map(|it| (it.no, it)).collect();
        let mut entries = Vec::with_capacity(read.len());
        for (at, record) in read.iter().enumerate() {
            let before = read.get(at + 1).or(earlier.as_ref());
            let changeset = record
                .head
                .changeset
                .and_then(|no| changesets.get(&no).cloned());
            entries.push(record.entry(model, before, changeset));
        }
        Ok(HistoryPage { entries, next })
    })
}

fn records<'a>(model: &Model, key: &'a AnyKey, before: Option<i64>, limit: u32) -> Sql<'a> {
    let from = model.facts.from_records().sql(" WHERE ");
    let from = from.typed(&key.condition);
    let from = match before {
        Some(before) => from.sql(" AND ").name(RECORD_ID).sql(" < ").bind(before),
        None => from,
    };
    from.sql(" ORDER BY ")
        .name(RECORD_ID)
        .sql(" DESC LIMIT ")
        .bind(i64::from(limit) + 1)
}

struct Record {
    head: RecordHead,
    row: Arc<dyn AnyInstance>,
}

impl Record {
    fn entry(&self, model: &Model, before: Option<&Self>, changeset: Option<Changeset>) -> Entry {
        let (facts, head) = (&model.facts, &self.head);
        let now = self.row.values();
        let inserted = head.operation == Operation::Insert;
        let mut changes = match (head.operation, before) {
            (Operation::Insert, _) => facts.compare(None, Some(&now)),
            (Operation::Delete | Operation::Baseline | Operation::Erase, _) | (_, None) => {
                Vec::new()
            }
            (_, Some(before)) => facts.compare(Some(&before.row.values()), Some(&now)),
        };
        let hidden = head.redacted.iter().filter_map(|name| facts.at(name));
        changes.extend(hidden.filter_map(|at| facts.redacted(at)));
        changes.sort_by_key(|change| facts.at(change.column));
        Entry {
            record: head.id,
            version: head.version,
            operation: head.operation,
            at: head.at,
            changeset_no: head.changeset,
            changeset,
            changes,
            is_known: inserted || before.is_some(),
            values: values(model, &*self.row),
        }
    }
}
