//! What happened to one row: when, by whom and why, and what it changed.

mod dsl;
mod entry;
mod wanted;

pub use dsl::{Log, LogDsl};
pub use entry::{LogEntry, LogPage};

use crate::any::{AnyInstance, AnyKey, AnyModel, Boxed};
use crate::changeset::{Changeset, find_all};
use crate::error::Error;
use crate::facts::RECORD_ID;
use crate::history::change::head::RecordHead;
use crate::history::{ChangesetNo, FieldChange, Operation};
use crate::session::Session;
use crate::session::absent::{HISTORY, or_not_installed};
use crate::sql::Sql;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
pub(crate) use wanted::Wanted;

/// The greatest number of records in one page.
const MOST: u32 = 10_000;

/// A part of the records of a row, the newest first.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    before: Option<i64>,
    limit: u32,
    wanted: Wanted,
}

impl Default for Part {
    fn default() -> Self {
        Self {
            before: None,
            limit: 20,
            wanted: Wanted::default(),
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

    /// What they must be like.
    pub(crate) fn wanted(&mut self) -> &mut Wanted {
        &mut self.wanted
    }
}

/// One record of a row, and what it changed.
pub(crate) struct Found {
    pub(crate) head: RecordHead,
    pub(crate) row: Arc<dyn AnyInstance>,
    pub(crate) changeset: Option<Changeset>,
    pub(crate) changes: Vec<FieldChange>,
    /// The version of the row before it.
    pub(crate) version_before: Option<i64>,
    /// Whether the record before it is known.
    pub(crate) is_known: bool,
}

type Record = (RecordHead, Arc<dyn AnyInstance>);

/// Reads records of one row, and the number before which older ones are, if there are
/// any: one query for the records, two if they must be like something, and one for their
/// changesets.
pub(crate) fn read<'a>(
    conn: &'a mut dyn Session,
    model: &'static dyn AnyModel,
    key: &'a AnyKey,
    part: &'a Part,
) -> Boxed<'a, (Vec<Found>, Option<i64>)> {
    Box::pin(async move {
        let (records, next) = match part.wanted.is_all() {
            true => following(conn, model, key, part).await?,
            false => chosen(conn, model, key, part).await?,
        };
        let numbers = records.iter().filter_map(|((head, _), _)| head.changeset);
        let numbers: Vec<i64> = numbers.map(|no| no.0).collect();
        let changesets = find_all(conn, &numbers).await?.into_iter();
        let changesets: HashMap<ChangesetNo, Changeset> =
            changesets.map(|it| (it.no, it)).collect();
        let found = records.into_iter().map(|((head, row), earlier)| {
            let before = earlier.as_ref().map(|(_, row)| &**row);
            Found {
                changeset: head.changeset.and_then(|no| changesets.get(&no).cloned()),
                changes: changes(model, &head, &*row, before),
                version_before: earlier.as_ref().map(|(head, _)| head.version),
                is_known: before.is_some() || head.operation == Operation::Insert,
                head,
                row,
            }
        });
        Ok((found.collect(), next))
    })
}

/// Records, each with the one before it; and the number before which there are more.
type Page = (Vec<(Record, Option<Record>)>, Option<i64>);

/// The next ones, whatever they are.
async fn following(
    conn: &mut dyn Session,
    model: &'static dyn AnyModel,
    key: &AnyKey,
    part: &Part,
) -> Result<Page, Error> {
    let facts = model.facts();
    let from = facts.from_records().sql(" WHERE ").typed(&key.condition);
    let from = from.append(part.end());
    let read = load(conn, model, from).await?;
    let most = part.most();
    let next = (read.len() > most).then(|| read.get(most - 1)).flatten();
    let next = next.map(|(head, _)| head.id);
    // The one more is what the last of the page is compared with.
    let earlier = read.iter().skip(1).cloned().map(Some);
    let earlier: Vec<_> = earlier.chain([None]).collect();
    let pairs = read.into_iter().zip(earlier);
    Ok((pairs.take(most).collect(), next))
}

/// The next ones that are wanted: first their numbers and those of the records before them.
async fn chosen(
    conn: &mut dyn Session,
    model: &'static dyn AnyModel,
    key: &AnyKey,
    part: &Part,
) -> Result<Page, Error> {
    let (facts, kind) = (model.facts(), conn.kind());
    let before = wanted::before(&facts, kind);
    let sql = Sql::new("SELECT ").name(RECORD_ID).sql(", ").made(before);
    let sql = sql.append(facts.from_records()).sql(" WHERE ");
    let sql = sql.typed(&key.condition);
    let sql = sql
        .append(part.wanted.sql(&facts, kind)?)
        .append(part.end());
    let mut numbers: Vec<(i64, Option<i64>)> = match conn.rows(sql).await {
        Ok(rows) => rows,
        Err(error) => return Err(or_not_installed(conn, error, HISTORY).await),
    };
    let most = part.most();
    let more = numbers.len() > most;
    numbers.truncate(most);
    let next = numbers.last().filter(|_| more).map(|(id, _)| *id);
    let all = numbers.iter().flat_map(|(id, before)| [Some(*id), *before]);
    let all: BTreeSet<i64> = all.flatten().collect();
    let all: Vec<i64> = all.into_iter().collect();
    let mut records = HashMap::new();
    for ids in all.chunks(500) {
        let from = facts.from_records().sql(" WHERE ").name(RECORD_ID);
        let from = from.sql(" IN (").list(ids.iter().copied()).sql(")");
        let read = load(conn, model, from).await?;
        records.extend(read.into_iter().map(|it| (it.0.id, it)));
    }
    let pair = |(id, before): (i64, Option<i64>)| {
        let earlier = before.and_then(|it| records.get(&it).cloned());
        // Pruned meanwhile, if it is not there.
        Some((records.get(&id)?.clone(), earlier))
    };
    Ok((numbers.into_iter().filter_map(pair).collect(), next))
}

async fn load(
    conn: &mut dyn Session,
    model: &'static dyn AnyModel,
    from: Sql<'_>,
) -> Result<Vec<Record>, Error> {
    let facts = model.facts();
    let rows = model.load(conn, RecordHead::columns(&facts), from).await?;
    let rows = rows.into_iter();
    rows.map(|(head, row)| Ok((RecordHead::read(&facts, head)?, row)))
        .collect()
}

impl Part {
    fn most(&self) -> usize {
        usize::try_from(self.limit).unwrap_or(usize::MAX)
    }

    /// The end of a query: where it begins, the order, and one more than asked for.
    fn end(&self) -> Sql<'_> {
        let sql = match self.before {
            Some(before) => {
                let sql = Sql::new(" AND ").name(RECORD_ID);
                sql.sql(" < ").bind(before)
            }
            None => Sql::new(""),
        };
        let sql = sql.sql(" ORDER BY ").name(RECORD_ID).sql(" DESC LIMIT ");
        sql.bind(i64::from(self.limit) + 1)
    }
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
