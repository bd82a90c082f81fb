//! Moving changes from the record tables to Redis.

use super::advance::{add, expire, write};
use super::connection::RedisConnection;
use super::entry::Scores;
use super::erase;
use super::fill::{Filled, fill};
use super::prune;
use super::repair;
use super::run::Watch;
use super::state::State;
use super::store::Redis;
use crate::error::Error;
use crate::feed::{self, Feeds};
use crate::session::Executor;
use crate::sync::changes;
use chrono::Utc;
use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// Moves what is committed of these models (one, or a tuple of up to eight, which
/// may be nested) to [`Redis`].
///
/// ```text
/// let relay = Relay::<(Question, Choice)>::new(&redis);
/// let handle = relay.spawn(
///     || PgConnection::establish(&database_url),
///     || redis::Client::open(&*redis_url)?.get_connection(),
/// )?;
/// ```
///
/// Nothing is written before a commit, nothing after a rollback; what is written
/// twice is there once. It may be killed at any moment. If Redis is empty, or is of
/// another database, it is filled with what is not too old, and readers are sent
/// to the database until that is done. One relay for a prefix is enough; of several
/// that run at once all do the same, and one fills.
pub struct Relay<Ms> {
    pub(super) redis: Redis,
    pub(super) batch: u32,
    pub(super) poll: Duration,
    pub(super) listens: bool,
    pruned: Last,
    /// When it last looked for entries that cannot be read, and found none.
    looked: Last,
    pub(super) watch: Watch,
    models: PhantomData<fn() -> Ms>,
}

impl<Ms> fmt::Debug for Relay<Ms> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a relay to {:?}", self.redis)
    }
}

/// What one [`Relay::step`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Step {
    /// How many diffs it wrote.
    pub moved: usize,
    /// Whether it filled Redis.
    pub filled: bool,
    /// Whether it did so because an entry there could not be read.
    pub repaired: bool,
    /// Whether there is more to do at once.
    pub more: bool,
    /// Whether nothing was done because another relay fills Redis, or one that did is
    /// gone since a moment.
    pub waits: bool,
}

impl<Ms> Relay<Ms> {
    /// A relay that looks for changes every 100 milliseconds.
    pub fn new(redis: &Redis) -> Self {
        Self {
            redis: redis.clone(),
            batch: 1_000,
            poll: Duration::from_millis(100),
            listens: false,
            pruned: Last::default(),
            looked: Last::default(),
            watch: Watch::default(),
            models: PhantomData,
        }
    }

    /// How long it waits when it has found nothing.
    pub fn poll(mut self, pause: Duration) -> Self {
        self.poll = pause;
        self
    }

    /// On PostgreSQL: does not wait to the end if a transaction tells that it has
    /// written records, which those of models with `#[recorded(notify)]` do. Then
    /// [`poll`](Relay::poll) may be a second or more. Elsewhere this changes nothing.
    pub fn listen(mut self) -> Self {
        self.listens = true;
        self
    }

    /// How many changes it moves at a time, from 1 to 10,000; otherwise 1,000.
    pub fn batch(mut self, changes: u32) -> Self {
        self.batch = changes.clamp(1, 10_000);
        self
    }

    /// Moves one batch, or fills Redis if there is nothing, and prunes now and then.
    /// Both connections are synchronous, or both are not.
    ///
    /// # Errors
    /// [`Error::Redis`], [`Error::Database`], [`Error::Standby`], [`Error::Copied`].
    /// Nothing is lost: the next step does it again.
    pub fn step<'a, C, R>(
        &'a self,
        db: &'a mut C,
        redis: &'a mut R,
    ) -> C::Output<'a, Result<Step, Error>>
    where
        Ms: Feeds<C::Engine>,
        C: Executor,
        R: RedisConnection<Mode = C::Mode>,
    {
        C::run(self.one(db, redis))
    }

    pub(super) async fn one<C, R>(&self, db: &mut C, redis: &mut R) -> Result<Step, Error>
    where
        Ms: Feeds<C::Engine>,
        C: Executor,
        R: RedisConnection,
    {
        let Some(state) = State::load(redis, &self.redis.keys).await? else {
            return self.fill(db, redis, false).await;
        };
        if state.unreadable && self.is_broken(redis, &state).await? {
            return self.fill(db, redis, true).await;
        }
        let next = changes::<Ms>().since(&state.cursor).limit(self.batch);
        let batch = match C::wait(next.load(db)).await {
            Err(Error::TooOld { .. } | Error::Foreign | Error::WrongModels { .. }) => {
                return self.fill(db, redis, false).await;
            }
            batch => batch?,
        };
        let diffs = C::wait(feed::diffs_of::<Ms, C>(db, &batch.changes)).await?;
        let scores = batch
            .cursor
            .inner()
            .map(|inner| Scores::of(&inner.position));
        let scores = scores.unwrap_or(Scores::Numbers);
        write(redis, &self.redis, scores, &diffs).await?;
        if !erase::catch_up::<Ms, C, R>(&self.redis, db, redis, scores, &batch.changes).await? {
            return self.fill(db, redis, true).await;
        }

        let times = diffs.iter().map(|diff| diff.at.timestamp_micros());
        let moved = State {
            newest: times.fold(state.newest, i64::max),
            last: match diffs.is_empty() {
                true => state.last.clone(),
                false => batch.cursor.clone(),
            },
            cursor: batch.cursor,
            ..state.clone()
        };
        self.mark(redis, &state, moved.newest).await?;
        let keys = &self.redis.keys;
        if !moved.advance(redis, keys, self.redis.lease()).await? {
            return self.fill(db, redis, false).await;
        }
        if self.is_time_to_prune() {
            prune::prune(&self.redis, redis).await?;
        }
        Ok(Step {
            moved: diffs.len(),
            more: batch.more,
            ..Step::default()
        })
    }

    /// Whether there is really an entry that cannot be read, if it was not looked for
    /// in vain a moment ago. Otherwise a reader of an older version would keep
    /// the relay busy, which does not read what this one has written.
    async fn is_broken<R: RedisConnection>(
        &self,
        redis: &mut R,
        state: &State,
    ) -> Result<bool, Error> {
        if !self.looked.is_due(self.spacing()) {
            return Ok(false);
        }
        let keys = &self.redis.keys;
        let scores = state.moved().map(|inner| Scores::of(&inner.position));
        if repair::is_needed(redis, keys, scores.unwrap_or(Scores::Numbers)).await? {
            return Ok(true);
        }
        self.looked.note();
        repair::settle(redis, keys).await?;
        Ok(false)
    }

    async fn fill<C, R>(&self, db: &mut C, redis: &mut R, broken: bool) -> Result<Step, Error>
    where
        Ms: Feeds<C::Engine>,
        C: Executor,
        R: RedisConnection,
    {
        Ok(match fill(self, db, redis, broken).await? {
            Filled::Yes(moved) => Step {
                moved,
                filled: true,
                repaired: broken,
                more: true,
                ..Step::default()
            },
            Filled::No => Step {
                waits: true,
                ..Step::default()
            },
        })
    }

    /// A part of the time for which diffs are kept.
    fn spacing(&self) -> i64 {
        let age = self.redis.max_age.num_microseconds().unwrap_or(i64::MAX);
        (age / 64).max(1)
    }

    /// Notes where the relay was, before the times of the diffs go on: whatever it
    /// had moved then is not newer than what it had moved then.
    async fn mark<R: RedisConnection>(
        &self,
        redis: &mut R,
        was: &State,
        newest: i64,
    ) -> Result<(), Error> {
        let spacing = self.spacing();
        if was.newest == 0 || newest / spacing == was.newest / spacing {
            return Ok(());
        }
        let marks = self.redis.keys.marks();
        let mark = [(was.newest, was.last.to_string())];
        let group = vec![add(&marks, &mark), expire(&marks, self.redis.expiry())];
        redis.send(vec![group]).await?;
        Ok(())
    }

    fn is_time_to_prune(&self) -> bool {
        let due = self.pruned.is_due(self.spacing());
        if due {
            self.pruned.note();
        }
        due
    }
}

/// When something was done, in microseconds of the Unix time.
#[derive(Default)]
struct Last(AtomicI64);

impl Last {
    fn is_due(&self, spacing: i64) -> bool {
        Utc::now().timestamp_micros() - self.0.load(Ordering::Relaxed) >= spacing
    }

    fn note(&self) {
        let now = Utc::now().timestamp_micros();
        self.0.store(now, Ordering::Relaxed);
    }
}
