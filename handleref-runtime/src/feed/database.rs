//! The diffs of the records themselves.

use super::condition::Conditions;
use super::diff::{Diff, Diffs};
use super::make::{self, Tells};
use super::models::{AnyFeed, Feeds, feeds};
use super::range::Range;
use super::store::Store;
use crate::engine::Engine;
use crate::error::Error;
use crate::history::AnyModel;
use crate::history::Operation;
use crate::history::any::Boxed;
use crate::session::{Executor, Session};
use crate::sync::{Ask, Reader, sorted};
use chrono::TimeDelta;
use std::fmt;
use std::marker::PhantomData;

/// The feed of these models (one, or a tuple of up to eight, which may be nested),
/// made from their records when it is read.
///
/// ```text
/// let store = feed::Database::<(Question, Choice)>::new().max_age(TimeDelta::hours(1));
/// ```
///
/// A cursor is for all models of the store, whichever it is used for.
///
/// A program that reads its feed from Redis is tested with this store: it
/// answers the same questions, and needs no Redis.
#[doc(alias("test_mode", "use_transactions", "DIFFS_SETTINGS"))]
pub struct Database<Ms> {
    max_age: Option<TimeDelta>,
    models: PhantomData<fn() -> Ms>,
}

impl<Ms> fmt::Debug for Database<Ms> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("max_age", &self.max_age)
            .finish_non_exhaustive()
    }
}

impl<Ms> Clone for Database<Ms> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<Ms> Copy for Database<Ms> {}

impl<Ms> Default for Database<Ms> {
    fn default() -> Self {
        Self::new()
    }
}

impl<Ms> Database<Ms> {
    /// The feed of all that is recorded.
    pub const fn new() -> Self {
        Self {
            max_age: None,
            models: PhantomData,
        }
    }

    /// Hides what is older, by the database's clock.
    #[doc(alias = "max_element_age")]
    pub const fn max_age(mut self, age: TimeDelta) -> Self {
        self.max_age = Some(age);
        self
    }
}

impl<Ms: Feeds<C::Engine>, C: Executor> Store<C> for Database<Ms> {
    type Output<'a, T: 'a>
        = C::Output<'a, T>
    where
        Ms: 'a,
        C: 'a;

    fn read<'a, T, F>(
        self,
        conn: &'a mut C,
        range: Range,
        then: F,
    ) -> C::Output<'a, Result<T, Error>>
    where
        Self: 'a,
        T: Send + 'a,
        F: FnOnce(Diffs) -> T + Send + 'a,
    {
        C::run(async move { self.find::<C::Engine>(conn, range).await.map(then) })
    }
}

impl<Ms> Database<Ms> {
    pub(crate) fn find<'a, DB>(self, conn: &'a mut dyn Session, range: Range) -> Boxed<'a, Diffs>
    where
        DB: Engine,
        Ms: Feeds<DB>,
    {
        let (feeds, models) = (feeds::<Ms, DB>(), sorted::<Ms, DB>());
        Box::pin(async move {
            let feed = Among {
                feeds: &feeds,
                models: &models,
                max_age: self.max_age,
                tells: &|_| true,
            };
            feed.find(conn, range).await
        })
    }
}

/// The feed of some models.
pub(crate) struct Among<'a> {
    /// By their names.
    pub(crate) feeds: &'a [&'static dyn AnyFeed],
    /// The same.
    pub(crate) models: &'a [&'static dyn AnyModel],
    pub(crate) max_age: Option<TimeDelta>,
    pub(crate) tells: &'a Tells<'a>,
}

impl Among<'_> {
    /// Reads a range.
    pub(crate) async fn find(&self, conn: &mut dyn Session, range: Range) -> Result<Diffs, Error> {
        let conditions = Conditions::new(conn.kind(), self.feeds, &range, self.max_age)?;
        match range.newest {
            true => self.last(conn, range, &conditions).await,
            false => self.next(conn, range, &conditions).await,
        }
    }
}

/// Changes that may have diffs.
const LISTED: [Operation; 6] = [
    Operation::Insert,
    Operation::Update,
    Operation::SoftDelete,
    Operation::Restore,
    Operation::Delete,
    Operation::Erase,
];

fn ask(range: &Range) -> Ask<'static> {
    Ask {
        operations: &LISTED,
        limit: range.limit,
        before: range.before,
        newest: range.newest,
    }
}

/// Where hooks leave much out, the pages grow.
fn grown(limit: u32) -> u32 {
    limit.saturating_mul(4).clamp(1, 10_000)
}

impl Among<'_> {
    /// The first diffs of a range.
    async fn next(
        &self,
        conn: &mut dyn Session,
        range: Range,
        conditions: &Conditions,
    ) -> Result<Diffs, Error> {
        let limit = usize::try_from(range.limit).unwrap_or(usize::MAX);
        let mut ask = ask(&range);
        let mut cursor = range.cursor.unwrap_or_default();
        let mut diffs: Vec<Diff> = Vec::new();
        loop {
            let reader = Reader::open(conn, self.models.to_vec(), &cursor, Some(ask.limit)).await?;
            let (changes, cut) = reader
                .page(conn, ask, &|records| conditions.of(records))
                .await?;
            diffs.extend(make::all(conn, self.feeds, &changes, self.tells).await?);
            if diffs.len() > limit {
                diffs.truncate(limit);
                let end = diffs.last().map(Diff::place).unwrap_or_default();
                let last = changes.iter().find(|change| change.id == end.id);
                let cursor = reader.cut(end, last);
                let more = true;
                return Ok(Diffs {
                    diffs,
                    cursor,
                    more,
                });
            }
            cursor = match cut {
                Some(place) => reader.cut(place, changes.last()),
                None => reader.end(changes.last()),
            };
            let more = cut.is_some() || reader.rest();
            if !more || diffs.len() == limit {
                return Ok(Diffs {
                    diffs,
                    cursor,
                    more,
                });
            }
            ask.limit = grown(ask.limit);
        }
    }

    /// The last diffs of a range.
    async fn last(
        &self,
        conn: &mut dyn Session,
        range: Range,
        conditions: &Conditions,
    ) -> Result<Diffs, Error> {
        let limit = usize::try_from(range.limit).unwrap_or(usize::MAX);
        let mut ask = ask(&range);
        let cursor = range.cursor.unwrap_or_default();
        // One reader, so that all pages end at the same position.
        let reader = Reader::open(conn, self.models.to_vec(), &cursor, None).await?;
        let mut diffs: Vec<Diff> = Vec::new();
        let mut newest = None;
        loop {
            let (changes, cut) = reader
                .page(conn, ask, &|records| conditions.of(records))
                .await?;
            diffs.extend(make::all(conn, self.feeds, &changes, self.tells).await?);
            newest = newest.or_else(|| changes.into_iter().next());
            if cut.is_none() || diffs.len() >= limit {
                let more = cut.is_some() || diffs.len() > limit;
                diffs.truncate(limit);
                if !range.reverse {
                    diffs.reverse();
                }
                let cursor = reader.end(newest.as_ref());
                return Ok(Diffs {
                    diffs,
                    cursor,
                    more,
                });
            }
            ask.before = cut;
            ask.limit = grown(ask.limit);
        }
    }
}
