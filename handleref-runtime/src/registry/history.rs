//! What happened to one row.

use super::Model;
use super::object::values;
use crate::any::{AnyInstance, AnyKey};
use crate::changeset::{Changeset, find_all};
use crate::error::Error;
use crate::facts::{
    RECORD_CHANGESET, RECORD_ID, RECORD_OPERATION, RECORD_REDACTED, RECORD_VERSION, RECORDED_AT,
};
use crate::history::{FieldChange, Operation, RecordNo};
use crate::session::{Boxed, Executor, Head, Session};
use crate::sql::{Sql, unreadable};
use chrono::{DateTime, NaiveDateTime, Utc};
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
    /// The changeset that it is part of: who, and why.
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

fn load<'a>(
    conn: &'a mut dyn Session,
    history: History<'a>,
) -> Boxed<'a, Result<HistoryPage, Error>> {
    Box::pin(async move {
        let model = history.model;
        let (on, key) = model.key_on(conn.kind(), &history.key)?;
        let from = records(model, &key, history.before, history.limit);
        let rows = on.load(conn, columns(model), from).await?;
        let mut read = rows
            .into_iter()
            .map(|(head, row)| Record::read(model, head, row))
            .collect::<Result<Vec<_>, Error>>()?;
        let most = usize::try_from(history.limit).unwrap_or(usize::MAX);
        // The one more is what the last of the page is compared with.
        let earlier = (read.len() > most).then(|| read.split_off(most));
        let earlier = earlier.and_then(|mut rest| rest.pop());
        let next = earlier.as_ref().and(read.last()).map(|record| record.id);
        let numbers: Vec<i64> = read.iter().filter_map(|record| record.changeset).collect();
        let changesets = find_all(conn, &numbers).await?.into_iter();
        let changesets: HashMap<i64, Changeset> = changesets.map(|it| (it.no.0, it)).collect();
        let mut entries = Vec::with_capacity(read.len());
        for (at, record) in read.iter().enumerate() {
            let before = read.get(at + 1).or(earlier.as_ref());
            let changeset = record.changeset.and_then(|no| changesets.get(&no).cloned());
            entries.push(record.entry(model, before, changeset));
        }
        Ok(HistoryPage { entries, next })
    })
}

/// Number, version, operation, time, changeset, and redacted columns.
fn columns(model: &Model) -> (usize, Sql<'static>) {
    let names = [
        RECORD_ID,
        RECORD_VERSION,
        RECORD_OPERATION,
        RECORDED_AT,
        RECORD_CHANGESET,
    ];
    let sql = Sql::new("").names("", &names);
    let sql = match model.facts.model.recording.redacts() {
        true => sql.sql(", ").name(RECORD_REDACTED),
        false => sql.sql(", NULL"),
    };
    (6, sql)
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
    id: i64,
    version: i64,
    operation: Operation,
    at: NaiveDateTime,
    changeset: Option<i64>,
    redacted: Vec<String>,
    row: Arc<dyn AnyInstance>,
}

impl Record {
    fn read(model: &Model, head: Head, row: Arc<dyn AnyInstance>) -> Result<Self, Error> {
        type Columns = (i64, i64, String, NaiveDateTime, Option<i64>, Option<String>);
        let (id, version, operation, at, changeset, redacted): Columns = head.read()?;
        let known = Operation::read(&operation);
        let operation =
            known.ok_or_else(|| unreadable(&format!("a record of {}", model.name())))?;
        let redacted = redacted.unwrap_or_default();
        let redacted = redacted.split(',').filter(|name| !name.is_empty());
        Ok(Self {
            id,
            version,
            operation,
            at,
            changeset,
            redacted: redacted.map(str::to_owned).collect(),
            row,
        })
    }

    fn entry(&self, model: &Model, before: Option<&Self>, changeset: Option<Changeset>) -> Entry {
        let facts = &model.facts;
        let now = self.row.values();
        let inserted = self.operation == Operation::Insert;
        let mut changes = match (self.operation, before) {
            (Operation::Insert, _) => facts.compare(None, Some(&now)),
            (Operation::Delete | Operation::Baseline | Operation::Erase, _) | (_, None) => {
                Vec::new()
            }
            (_, Some(before)) => facts.compare(Some(&before.row.values()), Some(&now)),
        };
        let hidden = self.redacted.iter().filter_map(|name| facts.at(name));
        changes.extend(hidden.filter_map(|at| facts.redacted(at)));
        changes.sort_by_key(|change| facts.at(change.column));
        Entry {
            record: self.id,
            version: self.version,
            operation: self.operation,
            at: self.at.and_utc(),
            changeset,
            changes,
            is_known: inserted || before.is_some(),
            values: values(model, &*self.row),
        }
    }
}
