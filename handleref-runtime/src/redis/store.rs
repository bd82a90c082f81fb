//! Where diffs are, and how long.

use super::connection::RedisConnection;
use super::keys::Keys;
use super::or_database::OrDatabase;
use super::read;
use crate::error::Error;
use crate::feed::{Database, Diffs, Range, Store};
use chrono::{NaiveDateTime, TimeDelta, Utc};

/// The feed in Redis: which keys, and for how long.
///
/// ```text
/// let redis = Redis::new().prefix("shop").max_age(TimeDelta::hours(1));
/// let read = feed::diffs(&redis).newest(20).load(&mut connection)?;
/// ```
///
/// Reading fails with [`Error::OutsideWindow`] where Redis cannot answer exactly: it is not
/// filled, or a cursor is older than what it holds. The database can, given the
/// same cursor; see [`or_database`](Redis::or_database).
#[derive(Debug, Clone)]
#[doc(alias("redis_host", "DIFFS_SETTINGS"))]
pub struct Redis {
    pub(super) keys: Keys,
    pub(super) max_age: TimeDelta,
}

impl Default for Redis {
    fn default() -> Self {
        Self::new()
    }
}

impl Redis {
    /// The prefix `handleref`, and one hour.
    pub fn new() -> Self {
        Self {
            keys: Keys::new("handleref"),
            max_age: TimeDelta::hours(1),
        }
    }

    /// What the names of all keys begin with. Two feeds in one Redis need two. With
    /// a NUL in it, everything is refused as [`Error::NotStorable`].
    pub fn prefix(mut self, prefix: &str) -> Self {
        self.keys = Keys::new(prefix);
        self
    }

    /// How long diffs are kept, at least a second. Reads hide what is older, by the
    /// clock of the reader; the relay removes it. The same for readers and relay.
    #[doc(alias = "max_element_age")]
    pub fn max_age(mut self, age: TimeDelta) -> Self {
        self.max_age = age.max(TimeDelta::seconds(1));
        self
    }

    /// The same feed, but what Redis does not hold is read from the database, with
    /// the same cursor; so is everything while Redis is not there.
    ///
    /// ```text
    /// let store = redis.or_database(feed::Database::<(Question, Choice)>::new());
    /// let read = feed::diffs(&store).since(&cursor).load(&mut (&mut redis_connection, &mut conn))?;
    /// ```
    pub fn or_database<Ms>(self, database: Database<Ms>) -> OrDatabase<Ms> {
        OrDatabase::new(self, database)
    }

    /// The time before which everything is too old.
    pub(super) fn oldest(&self) -> NaiveDateTime {
        let oldest = Utc::now().naive_utc().checked_sub_signed(self.max_age);
        oldest.unwrap_or(NaiveDateTime::MIN)
    }

    /// Milliseconds after which what is not written any more goes by itself.
    pub(super) fn expiry(&self) -> i64 {
        self.max_age.num_milliseconds().saturating_mul(2)
    }

    /// Milliseconds after which a relay that is gone is taken as such: before
    /// anything expires that was to be held.
    pub(super) fn lease(&self) -> i64 {
        self.max_age.num_milliseconds()
    }
}

impl<R: RedisConnection> Store<R> for Redis {
    type Output<'a, T: 'a>
        = R::Output<'a, T>
    where
        R: 'a;

    fn read<'a, T, F>(
        self,
        conn: &'a mut R,
        range: Range,
        then: F,
    ) -> R::Output<'a, Result<T, Error>>
    where
        Self: 'a,
        T: Send + 'a,
        F: FnOnce(Diffs) -> T + Send + 'a,
    {
        R::run(async move { read::find(&self, conn, &range).await.map(then) })
    }
}
