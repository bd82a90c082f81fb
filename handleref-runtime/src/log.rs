//! What happened to one row: when, by whom and why, and what it changed.

mod dsl;
mod entry;

pub use dsl::{Log, LogDsl};
pub use entry::{LogEntry, LogPage};

use crate::any::{AnyInstance, AnyKey, AnyModel, Boxed};
use crate::changeset::{Changeset, find_all};
use crate::facts::RECORD_ID;
use crate::history::change::head::RecordHead;
use crate::history::{ChangesetNo, FieldChange, Operation};
use crate::session::Session;
use std::collections::HashMap;
use std::sync::Arc;

/// The greatest number of records in one page.
const MOST: u32 = 10_000;

/// A part of the records of a row, the newest first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    before: Option<i64>,
    limit: u32,
}

impl Default for Part {
    fn default() -> Self {
        Self {
            before: None,
            limit: 20,
        }
    }
}

impl Part {
    /// Those before this record.
    pub(crate) fn before(&mut self, record: i64) {
        self.before = Some(record);
    }

    /// At most so many.
    pub(crate) fn limit(&mut self, records: u32) {
        self.limit = records.clamp(1, MOST);
    }
}

/// One record of a row, and what it changed.
pub(crate) struct Found {
    pub(crate) head: RecordHead,
    pub(crate) row: Arc<dyn AnyInstance>,
    pub(crate) changeset: Option<Changeset>,
    pub(crate) changes: Vec<FieldChange>,
    /// Whether the record before it is known.
    pub(crate) is_known: bool,
}

/// Reads records of one row, and the number before which older ones are, if there are
/// any: one query for the records, and one for their changesets.
pub(crate) fn read<'a>(
    conn: &'a mut dyn Session,
    model: &'static dyn AnyModel,
    key: &'a AnyKey,
    part: Part,
) -> Boxed<'a, (Vec<Found>, Option<i64>)> {
    Box::pin(async move {
        let facts = model.facts();
        let from = facts.from_records().sql(" WHERE ").typed(&key.condition);
        let from = match part.before {
            Some(before) => from.sql(" AND ").name(RECORD_ID).sql(" < ").bind(before),
            None => from,
        };
        let from = from.sql(" ORDER BY ").name(RECORD_ID);
        let from = from.sql(" DESC LIMIT ").bind(i64::from(part.limit) + 1);
        let rows = model.load(conn, RecordHead::columns(&facts), from).await?;
        let mut read = Vec::with_capacity(rows.len());
        for (head, row) in rows {
            read.push((RecordHead::read(&facts, head)?, row));
        }
        let most = usize::try_from(part.limit).unwrap_or(usize::MAX);
        // The one more is what the last of the page is compared with.
        let mut earlier = (read.len() > most)
            .then(|| read.split_off(most))
            .and_then(|mut rest| rest.pop());
        let next = earlier.as_ref().and(read.last()).map(|(head, _)| head.id);
        let numbers = read.iter().filter_map(|(head, _)| head.changeset);
        let numbers: Vec<i64> = numbers.map(|no| no.0).collect();
        let changesets = find_all(conn, &numbers).await?.into_iter();
        let changesets: HashMap<ChangesetNo, Changeset> =
            changesets.map(|it| (it.no, it)).collect();
        let mut found = Vec::with_capacity(read.len());
        // From the oldest on, each of which is what the next one is compared with.
        while let Some((head, row)) = read.pop() {
            let before = earlier.as_ref().map(|(_, row)| &**row);
            let inserted = head.operation == Operation::Insert;
            let (changes, is_known) = (changes(model, &head, &*row, before), before.is_some());
            let changeset = head.changeset.and_then(|no| changesets.get(&no).cloned());
            found.push(Found {
                head: head.clone(),
                row: row.clone(),
                changeset,
                changes,
                is_known: is_known || inserted,
            });
            earlier = Some((head, row));
        }
        found.reverse();
        Ok((found, next))
    })
}

/// The fields that a record changed against the one before it.
fn changes(
    model: &dyn AnyModel,
    head: &RecordHead,
    row: &dyn AnyInstance,
    before: Option<&dyn AnyInstance>,
) -> Vec<FieldChange> {
    let facts = model.facts();
    let now = row.values();
    let mut changes = match (head.operation, before) {
        (Operation::Insert, _) => facts.compare(None, Some(&now)),
        (Operation::Delete | Operation::Baseline | Operation::Erase, _) | (_, None) => Vec::new(),
        (_, Some(before)) => facts.compare(Some(&before.values()), Some(&now)),
    };
    let hidden = head.redacted.iter().filter_map(|name| facts.at(name));
    changes.extend(hidden.filter_map(|at| facts.redacted(at)));
    changes.sort_by_key(|change| facts.at(change.column));
    changes
}
