//! First records for rows that are older than the recording.

use super::Subject;
use super::baseline::{insert_sql, missing};
use super::events::{EventKind, Growing};
use super::keys::{KeyLiteral, Range, end_of_batch};
use crate::context::numbers::take_numbers;
use crate::context::write_lock;
use crate::engine::Kind;
use crate::error::Error;
use crate::history::model::Recorded;
use crate::schema::lost_beginnings;
use crate::session::{Executor, Isolation, Session, Transaction};
use crate::sql::{Sql, integer, literal, quoted, raw};
use serde_json::json;
use std::fmt;
use std::marker::PhantomData;

/// Gives every row that has no record one: a `baseline` that says how the row
/// was when recording began.
///
/// ```text
/// Article::backfill().execute(conn)?;
/// Article::backfill()
///     .batch(5_000)
///     .on_progress(|progress| eprintln!("{progress}"))
///     .execute(conn)?;
/// ```
///
/// It goes through the table in the order of its key, a batch at a time, each
/// in a transaction of its own. Other writers work on: only the rows of one
/// batch are locked, for as long as that takes, and no batch waits for a
/// writer while it holds a lock (if a row is locked, the batch is cut down
/// until that row is alone). A row that is changed meanwhile gets its baseline
/// from the trigger, none gets two. Whenever it is broken off, the next run
/// finishes the rest. On SQLite, where there is one writer at a time, others
/// wait for a batch.
///
/// A model's condition is respected: of a row for which it is not true there
/// is no baseline.
///
/// At the end the recording is marked as complete: from then on `as_of`
/// answers (if rows were changed before under triggers that write no baselines,
/// only from the last of these changes on), and the next [`install`](crate::schema::Schema::install) replaces
/// the triggers by simpler ones that do not look for missing baselines.
///
/// Inside a transaction of the caller the batches are savepoints, and locks
/// last as long as that transaction.
#[must_use = "nothing happens before `.execute(conn)` or `.step(conn)`"]
pub struct Backfill<'f, M> {
    batch: u32,
    report: Option<Box<dyn FnMut(Progress) + Send + 'f>>,
    state: Option<State>,
    model: PhantomData<fn() -> M>,
}

impl<M> fmt::Debug for Backfill<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backfill")
            .field("batch", &self.batch)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// How far a [`Backfill`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Progress {
    /// Rows that were looked at.
    pub done: i64,
    /// Rows in the table: an estimate of the database, but for SQLite.
    pub total: i64,
    /// Baselines that were written by this run.
    pub written: i64,
    /// Whether that was all.
    pub finished: bool,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (done, total, written) = (self.done, self.total.max(self.done), self.written);
        write!(
            f,
            "{done} of about {total} rows, {written} baselines written"
        )
    }
}

/// What is known between two steps.
#[derive(Debug, Clone)]
struct State {
    after: Option<KeyLiteral>,
    /// The size of the next batch; smaller than asked for after a conflict.
    size: u32,
    progress: Progress,
    event: Growing,
}

/// Runs one after the other to the end, and calls `report` after each batch.
pub(super) async fn all(
    conn: &mut dyn Session,
    subjects: &[Subject],
    batch: u32,
    report: &mut (dyn FnMut(&'static str, Progress) + Send),
) -> Result<Vec<(&'static str, Progress)>, Error> {
    let mut done = Vec::with_capacity(subjects.len());
    for subject in subjects {
        let mut state = start(conn, subject, batch).await?;
        while !state.progress.finished {
            state = step(conn, subject, &state, batch).await?;
            report(subject.name, state.progress);
        }
        done.push((subject.name, state.progress));
    }
    Ok(done)
}

impl<'f, M: Recorded> Backfill<'f, M> {
    pub(super) fn new() -> Self {
        Self {
            batch: 10_000,
            report: None,
            state: None,
            model: PhantomData,
        }
    }

    /// The number of rows in one transaction; otherwise 10,000.
    pub fn batch(mut self, rows: u32) -> Self {
        self.batch = rows.max(1);
        self
    }

    /// Calls `report` after each batch.
    pub fn on_progress<'g>(self, report: impl FnMut(Progress) + Send + 'g) -> Backfill<'g, M> {
        Backfill {
            batch: self.batch,
            report: Some(Box::new(report)),
            state: self.state,
            model: PhantomData,
        }
    }

    /// Runs it to the end.
    ///
    /// # Errors
    /// [`Error::NotInstalled`] or [`Error::Database`]; the batches before
    /// remain, and another run goes on from there.
    pub fn execute<'a, C: Executor>(
        mut self,
        conn: &'a mut C,
    ) -> C::Output<'a, Result<Progress, Error>>
    where
        'f: 'a,
    {
        C::run(async move {
            loop {
                let progress = self.advance(conn).await?;
                if progress.finished {
                    return Ok(progress);
                }
            }
        })
    }

    /// Does one batch, for callers that want to pause in between or to stop:
    ///
    /// ```text
    /// let mut backfill = Article::backfill();
    /// while !backfill.step(conn)?.finished { std::thread::sleep(pause) }
    /// ```
    ///
    /// # Errors
    /// As those of [`execute`](Backfill::execute); the step can be repeated.
    pub fn step<'a, C: Executor>(
        &'a mut self,
        conn: &'a mut C,
    ) -> C::Output<'a, Result<Progress, Error>> {
        C::run(self.advance(conn))
    }

    async fn advance(&mut self, conn: &mut dyn Session) -> Result<Progress, Error> {
        let subject = Subject::of::<M>();
        let state = match self.state.take() {
            Some(state) => state,
            None => start(conn, &subject, self.batch).await?,
        };
        let state = self.state.insert(state);
        if !state.progress.finished {
            *state = step(conn, &subject, state, self.batch).await?;
            if let Some(report) = &mut self.report {
                report(state.progress);
            }
        }
        Ok(state.progress)
    }
}

async fn start(conn: &mut dyn Session, subject: &Subject, batch: u32) -> Result<State, Error> {
    subject.installed(conn).await?;
    let records = subject.recording.records;
    let (total,) = conn.one(total_sql(conn.kind(), subject.table)).await?;
    Ok(State {
        after: None,
        size: batch,
        progress: Progress {
            done: 0,
            total,
            written: 0,
            finished: false,
        },
        event: Growing::new(EventKind::Backfill, records),
    })
}

/// The backfill of a model of which the type is not known, step by step.
#[cfg(feature = "manage")]
#[derive(Debug)]
pub(crate) struct Steps {
    subject: Subject,
    state: State,
}

#[cfg(feature = "manage")]
impl Steps {
    pub(crate) async fn begin(conn: &mut dyn Session, subject: Subject) -> Result<Self, Error> {
        let state = start(conn, &subject, u32::MAX).await?;
        Ok(Self { subject, state })
    }

    pub(crate) fn progress(&self) -> Progress {
        self.state.progress
    }

    /// Does a batch of at most so many rows.
    pub(crate) async fn step(
        &mut self,
        conn: &mut dyn Session,
        batch: u32,
    ) -> Result<Progress, Error> {
        if !self.state.progress.finished {
            self.state = step(conn, &self.subject, &self.state, batch.max(1)).await?;
        }
        Ok(self.state.progress)
    }
}

/// What is left to backfill of a model: nothing, if it is said to be complete. Counts the
/// rows that have no record.
#[cfg(feature = "manage")]
pub(crate) async fn left(conn: &mut dyn Session, subject: &Subject) -> Result<Option<i64>, Error> {
    subject.installed(conn).await?;
    let done = Sql::new("SELECT backfilled FROM handleref_recordings WHERE record_table = ")
        .bind(subject.recording.records);
    if conn.one::<(bool,)>(done).await?.0 {
        return Ok(None);
    }
    let all = Range {
        after: None,
        until: None,
    };
    let kind = conn.kind();
    let sql = raw!(
        "SELECT COUNT(*) FROM {} WHERE {}",
        [quoted(kind, subject.table), missing(kind, subject, &all)]
    );
    Ok(Some(conn.one::<(i64,)>(Sql::once(sql)).await?.0))
}

/// How many rows a table has, as far as the database knows without counting.
#[cfg(feature = "manage")]
pub(crate) async fn about(conn: &mut dyn Session, table: &'static str) -> Result<i64, Error> {
    let (total,) = conn.one(total_sql(conn.kind(), table)).await?;
    Ok(total)
}

/// The number of rows, of which the second query knows if the first does not.
fn total_sql(kind: Kind, name: &'static str) -> Sql<'static> {
    let integer = integer(kind);
    let table = quoted(kind, name);
    let estimate = match kind {
        Kind::Sqlite => raw!("(SELECT COUNT(*) FROM {table})", table),
        Kind::Postgres => {
            raw!(
                "(SELECT CASE WHEN reltuples < 0 THEN (SELECT COUNT(*) FROM {table}) ELSE reltuples END \
             FROM pg_class WHERE oid = CAST({} AS regclass))",
                [literal(kind, &table)],
                table
            )
        }
        Kind::Mysql => raw!(
            "(SELECT MAX(table_rows) FROM information_schema.tables \
             WHERE table_schema = DATABASE() AND table_name = {})",
            [literal(kind, name)]
        ),
    };
    Sql::once(raw!(
        "SELECT CAST(COALESCE({estimate}, 0) AS {integer})",
        estimate,
        integer
    ))
}

/// Does a batch, or, if another session holds a lock on one of its rows, a part of it.
async fn step(
    conn: &mut dyn Session,
    subject: &Subject,
    state: &State,
    batch: u32,
) -> Result<State, Error> {
    let mut size = state.size.min(batch);
    loop {
        let until = end_of_batch(conn, subject, state.after.as_ref(), size).await?;
        let range = Range {
            after: state.after.clone(),
            until,
        };
        let own = !conn.in_transaction();
        if own {
            Isolation::ReadCommitted.announce(conn).await?;
        }
        let mut transaction = Transaction::begin(conn).await?;
        // Alone, a row may be waited for: nothing else is locked.
        let wait = size == 1;
        let locked = lock(transaction.conn(), subject, &range, wait).await;
        let refused = matches!(
            locked,
            Err(Error::Database(diesel::result::Error::DatabaseError(..))
                | Error::Conflict { lost: false, .. })
        );
        if refused && !wait {
            // If it is anything but a lock, it comes again when nothing is left
            // to halve.
            let _ = transaction.finish(locked).await;
            size /= 2;
            continue;
        }
        let result = match locked {
            Ok(()) => fill(transaction.conn(), subject, &range, size, state).await,
            Err(error) => Err(error),
        };
        match transaction.finish(result).await {
            // A deadlock, or a row that was changed since the statement began
            // (MariaDB 11.6): nothing is left of the transaction, and it was ours.
            Err(Error::Conflict { lost: true, .. }) if own => size = (size / 2).max(1),
            result => {
                let mut next = result?;
                next.size = size.saturating_mul(2).min(batch);
                return Ok(next);
            }
        }
    }
}

/// Locks the rows that have no record, so that no trigger writes one for them
/// before this transaction ends. The records are looked for again afterwards,
/// by a statement that sees what was committed by then.
async fn lock(
    conn: &mut dyn Session,
    subject: &Subject,
    range: &Range,
    wait: bool,
) -> Result<(), Error> {
    let kind = conn.kind();
    let count = "SELECT COUNT(*) FROM ";
    let nowait = if wait { "" } else { " NOWAIT" };
    let table = quoted(kind, subject.table);
    let rows = raw!("{table} WHERE {}", [missing(kind, subject, range)], table);
    let sql = match kind {
        Kind::Sqlite => return Ok(write_lock(conn).await?),
        // Does not keep others from inserting rows that refer to these.
        Kind::Postgres => raw!(
            "{count}(SELECT 1 AS one FROM {rows} FOR NO KEY UPDATE OF {table}{nowait}) handleref_locked",
            count,
            rows,
            table,
            nowait
        ),
        Kind::Mysql => raw!("{count}{rows} FOR UPDATE{nowait}", count, rows, nowait),
    };
    conn.one::<(i64,)>(Sql::once(sql)).await?;
    Ok(())
}

/// Writes the baselines of a range and the trace of it, and gives what to go
/// on with once the transaction is committed.
async fn fill(
    conn: &mut dyn Session,
    subject: &Subject,
    range: &Range,
    size: u32,
    state: &State,
) -> Result<State, Error> {
    let kind = conn.kind();
    let written = conn
        .execute(Sql::once(insert_sql(kind, subject, range, size)))
        .await?;
    if written > 0 {
        take_numbers(conn, size.into()).await?;
    }
    let written = i64::try_from(written).unwrap_or(i64::MAX);
    let mut progress = state.progress;
    progress.written += written;
    progress.finished = range.until.is_none();
    progress.done += match progress.finished {
        false => i64::from(size),
        true => rows_in(conn, subject, range).await?,
    };
    if progress.finished {
        finish(conn, subject).await?;
    }
    let detail = json!({ "model": subject.name, "finished": progress.finished });
    Ok(State {
        after: range.until.clone(),
        size,
        progress,
        event: state.event.grow(conn, &detail, written).await?,
    })
}

/// Marks the recording as complete. If rows were changed under triggers that
/// wrote no baseline, the past that would lack them is not known.
async fn finish(conn: &mut dyn Session, subject: &Subject) -> Result<(), Error> {
    subject.lock(conn).await?;
    if subject.recording.condition.is_none() {
        let kind = conn.kind();
        let records = quoted(kind, subject.recording.records);
        let sql = raw!(
            "SELECT COALESCE(MAX(handleref_r.record_id), 0) FROM {}",
            [lost_beginnings(kind, &records, subject.key)]
        );
        let (last,): (i64,) = conn.one(Sql::once(sql)).await?;
        if last > 0 {
            let sql = raw!(
                "UPDATE handleref_recordings SET horizon_record = {last}, \
                 horizon_at = (SELECT recorded_at FROM {records} WHERE record_id = {last}) \
                 WHERE backfilled = 0 AND COALESCE(horizon_record, began_record) < {last} AND record_table = ",
                last,
                records
            );
            let sql = Sql::once(sql).bind(subject.recording.records);
            conn.execute(sql).await?;
        }
    }
    let sql = Sql::new("UPDATE handleref_recordings SET backfilled = 1, backfill_cursor = NULL WHERE record_table = ")
        .bind(subject.recording.records);
    conn.execute(sql).await?;
    Ok(())
}

async fn rows_in(conn: &mut dyn Session, subject: &Subject, range: &Range) -> Result<i64, Error> {
    let kind = conn.kind();
    let table = quoted(kind, subject.table);
    let sql = raw!(
        "SELECT COUNT(*) FROM {table} WHERE {}",
        [range.condition(kind, &table, subject.key)],
        table
    );
    Ok(conn.one::<(i64,)>(Sql::once(sql)).await?.0)
}
