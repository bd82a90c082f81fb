//! Old records, deleted.

use super::Subject;
use super::doomed::{Doomed, Rules, bounds_sql, doomed};
use super::events::{EventKind, Growing};
use crate::context::{Scope, Switch};
use crate::error::Error;
use crate::facts::RECORD_ID;
use crate::history::any::{Boxed, Keyed};
use crate::history::model::{Recall, Recorded};
use crate::session::{Executor, Session};
use crate::sql::{Raw, Sql, literal_sql, quoted, raw};
use crate::time::{Instant, TimeKind, floor_micros};
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde_json::json;
use std::marker::PhantomData;

/// Deletes old records of all rows of a model.
///
/// ```text
/// Article::prune().older_than(TimeDelta::days(730)).execute(conn)?;
/// Article::prune().keep_last(10).dry_run(conn)?;             // only counts
/// Article::prune().older_than(new_year).keep_last(3).execute(conn)?;
/// ```
///
/// With both rules, a record goes if both let it go; without any, none does.
/// What stays in any case:
///
/// * the last record of every row, that of a deleted row too,
/// * for [`older_than`](Prune::older_than), the record of each row that says
///   how it was at that moment, so that `as_of` is exact from there on,
/// * all records of a row that a [`Hold`](super::Hold) names, or of all rows if
///   it names the model.
///
/// The moment from which on the history is still exact for all rows is the
/// *horizon*. A query `as_of` a moment or record before it is refused. With
/// `keep_last` alone it is as late as the latest change that hid a deleted
/// record.
///
/// It goes through the records a batch at a time, each in a transaction of its
/// own that moves the horizon and deletes; whenever it is broken off, what is
/// left is a consistent history. Other writers work on, but for SQLite, where
/// they wait for a batch. Inside a transaction of the caller the batches are
/// savepoints.
#[derive(Debug)]
#[must_use = "nothing happens before `.execute(conn)`"]
pub struct Prune<M> {
    wanted: Wanted,
    model: PhantomData<fn() -> M>,
}

/// What is let go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) age: Option<Limit>,
    pub(crate) keep: Option<u32>,
    pub(crate) batch: u32,
}

impl<M> Clone for Prune<M> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<M> Copy for Prune<M> {}

/// Up to when.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Limit {
    At(NaiveDateTime),
    Ago(TimeDelta),
}

/// What [`Prune::older_than`] takes: an [`Instant`], or a
/// [`TimeDelta`] before now by the database's clock.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no age",
    note = "give a `chrono::TimeDelta`, such as `TimeDelta::days(365)`, or an instant: a `DateTime`, `NaiveDateTime` (UTC), `SystemTime` or `handleref::time::Unix`"
)]
pub trait Age {
    #[doc(hidden)]
    fn limit_on<M>(self, prune: Prune<M>) -> Prune<M>;
}

impl<T: Instant> Age for T {
    fn limit_on<M>(self, mut prune: Prune<M>) -> Prune<M> {
        prune.wanted.age = Some(Limit::At(floor_micros(self.to_utc())));
        prune
    }
}

impl Age for TimeDelta {
    fn limit_on<M>(self, mut prune: Prune<M>) -> Prune<M> {
        prune.wanted.age = Some(Limit::Ago(self));
        prune
    }
}

/// What a [`Prune`] deleted, or would have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Pruned {
    /// Records that were looked at.
    pub looked_at: i64,
    /// Records that were deleted.
    pub deleted: i64,
    /// The horizon that this prune needs; none if nothing was deleted.
    pub horizon: Option<DateTime<Utc>>,
    /// The same as the number of a record.
    pub horizon_record: Option<i64>,
}

impl<M: Recorded> Prune<M> {
    pub(super) fn new() -> Self {
        Self {
            wanted: Wanted {
                age: None,
                keep: None,
                batch: 10_000,
            },
            model: PhantomData,
        }
    }

    /// Records that no query at this moment or later needs.
    pub fn older_than(self, age: impl Age) -> Self {
        age.limit_on(self)
    }

    /// All but the last `records` of each row; 0 means 1.
    pub fn keep_last(mut self, records: u32) -> Self {
        self.wanted.keep = Some(records.max(1));
        self
    }

    /// The number of records that one transaction looks at; otherwise 10,000.
    pub fn batch(mut self, records: u32) -> Self {
        self.wanted.batch = records.max(1);
        self
    }

    /// Runs it.
    ///
    /// # Errors
    /// [`Error::NotInstalled`] or [`Error::Database`]; the batches before
    /// remain done.
    pub fn execute<'a, C>(self, conn: &'a mut C) -> C::Output<'a, Result<Pruned, Error>>
    where
        C: Executor,
        M: Recall<C::Engine>,
    {
        C::finish(run(conn, Keyed::of::<M, C::Engine>(), self.wanted, true))
    }

    /// Counts what [`execute`](Prune::execute) would delete, and where the
    /// horizon would be. Nothing is changed, and no event written.
    ///
    /// # Errors
    /// As those of [`execute`](Prune::execute).
    pub fn dry_run<'a, C>(self, conn: &'a mut C) -> C::Output<'a, Result<Pruned, Error>>
    where
        C: Executor,
        M: Recall<C::Engine>,
    {
        C::finish(run(conn, Keyed::of::<M, C::Engine>(), self.wanted, false))
    }
}

fn run(conn: &mut dyn Session, model: Keyed, wanted: Wanted, delete: bool) -> Boxed<'_, Pruned> {
    Box::pin(async move {
        let mut steps = Steps::begin(conn, model, wanted, delete).await?;
        while steps.step(conn, wanted.batch).await? {}
        Ok(steps.walk.pruned)
    })
}

/// A prune of a model of which the type is not known, step by step; or the count of what it
/// would delete.
#[derive(Debug)]
pub(crate) struct Steps {
    model: Keyed,
    rules: Rules,
    walk: Walk,
    delete: bool,
}

impl Steps {
    pub(crate) async fn begin(
        conn: &mut dyn Session,
        model: Keyed,
        wanted: Wanted,
        delete: bool,
    ) -> Result<Self, Error> {
        Ok(Self {
            model,
            rules: wanted.rules(conn).await?,
            walk: Walk {
                // Before the first number there can be.
                after: -i64::MAX,
                pruned: Pruned::default(),
                event: Growing::new(EventKind::Prune, model.subject.recording.records),
            },
            delete,
        })
    }

    /// What was done so far.
    #[cfg(feature = "manage")]
    pub(crate) fn pruned(&self) -> Pruned {
        self.walk.pruned
    }

    /// Looks at so many records, and says whether there are more.
    pub(crate) async fn step(
        &mut self,
        conn: &mut dyn Session,
        records: u32,
    ) -> Result<bool, Error> {
        self.rules.batch = records.max(1);
        let next = match self.delete {
            true => {
                let mut scope = Scope::begin(conn, Switch::Door).await?;
                let result = batch(scope.conn(), &self.model, self.rules, &self.walk, true).await;
                scope.finish(result).await?
            }
            false => batch(conn, &self.model, self.rules, &self.walk, false).await?,
        };
        Ok(match next {
            Some(next) => {
                self.walk = next;
                true
            }
            None => false,
        })
    }
}

impl Wanted {
    async fn rules(&self, conn: &mut dyn Session) -> Result<Rules, Error> {
        let (now,): (NaiveDateTime,) = conn.one(Sql::new("SELECT ").now()).await?;
        // What MySQL takes for a time at least.
        let first = DateTime::from_timestamp(-30_610_224_000, 0).unwrap_or_default();
        let before = self.age.map(|age| match age {
            Limit::At(at) => at,
            Limit::Ago(age) => now.checked_sub_signed(age).unwrap_or(NaiveDateTime::MIN),
        });
        let before = before.map(|at| at.max(first.naive_utc()).min(now));
        Ok(Rules {
            before,
            keep: self.keep,
            batch: self.batch,
        })
    }
}

/// How far a prune is.
#[derive(Debug, Clone)]
struct Walk {
    after: i64,
    pruned: Pruned,
    event: Growing,
}

/// Prunes among the next records; `None` if there are no more.
async fn batch(
    conn: &mut dyn Session,
    model: &Keyed,
    rules: Rules,
    walk: &Walk,
    delete: bool,
) -> Result<Option<Walk>, Error> {
    let subject = model.subject;
    match delete {
        true => subject.lock(conn).await?,
        false => subject.installed(conn).await?,
    }
    let bounds = bounds_sql(&subject, walk.after, rules.batch);
    let (until, looked_at): (i64, i64) = conn.one(bounds).await?;
    let first = walk.after == -i64::MAX;
    if looked_at == 0 && !first {
        return Ok(None);
    }
    let doomed = match looked_at > 0 && (rules.before.is_some() || rules.keep.is_some()) {
        true => doomed(conn, model, rules, (walk.after, until)).await?,
        false => Vec::new(),
    };
    let mut next = walk.clone();
    next.after = if looked_at > 0 { until } else { i64::MAX };
    next.pruned.looked_at += looked_at;
    next.pruned.deleted += i64::try_from(doomed.len()).unwrap_or(i64::MAX);
    for record in &doomed {
        // The state at the limit stays, so from there on everything is exact.
        let hidden_at = rules
            .before
            .map_or(record.hidden_at, |it| it.min(record.hidden_at));
        let pruned = &mut next.pruned;
        pruned.horizon = pruned.horizon.max(Some(hidden_at.and_utc()));
        pruned.horizon_record = pruned.horizon_record.max(Some(record.hidden_by));
    }
    if delete {
        write(conn, &subject, &doomed, &mut next, rules).await?;
    }
    Ok(Some(next))
}

/// Moves the horizon, deletes and leaves a trace.
async fn write(
    conn: &mut dyn Session,
    subject: &Subject,
    doomed: &[Doomed],
    next: &mut Walk,
    rules: Rules,
) -> Result<(), Error> {
    let records = subject.recording.records;
    if let (Some(at), Some(record), false) = (
        next.pruned.horizon,
        next.pruned.horizon_record,
        doomed.is_empty(),
    ) {
        let at = literal_sql(conn.kind(), TimeKind::Plain, at.naive_utc());
        let raised = |column: &'static str, began: &'static str, to: Raw| {
            raw!(
                "{column} = CASE WHEN COALESCE({column}, {began}) > {to} THEN COALESCE({column}, {began}) ELSE {to} END",
                column,
                began,
                to
            )
        };
        let sql = Sql::once("UPDATE handleref_recordings SET ")
            .made(raised("horizon_at", "began_at", at))
            .sql(", ")
            .made(raised(
                "horizon_record",
                "began_record",
                raw!("{record}", record),
            ))
            .sql(" WHERE record_table = ")
            .bind(records);
        conn.execute(sql).await?;
        let ids: Vec<i64> = doomed.iter().map(|record| record.id).collect();
        super::pruned::note(conn, records, &ids).await?;
        let sql = raw!(
            "DELETE FROM {} WHERE {RECORD_ID} IN ({})",
            [quoted(conn.kind(), records), Raw::numbers(ids)],
            RECORD_ID
        );
        conn.execute(Sql::once(sql)).await?;
    }
    let detail = json!({
        "model": subject.name,
        "older_than": rules.before.map(|at| at.and_utc()),
        "keep_last": rules.keep,
        "looked_at": next.pruned.looked_at,
        "horizon": next.pruned.horizon,
        "horizon_record": next.pruned.horizon_record,
    });
    let deleted = i64::try_from(doomed.len()).unwrap_or(i64::MAX);
    next.event = next.event.grow(conn, &detail, deleted).await?;
    Ok(())
}
