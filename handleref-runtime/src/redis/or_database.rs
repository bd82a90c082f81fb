//! Redis first, and the database for what it does not hold.

use super::connection::RedisConnection;
use super::read;
use super::store::Redis;
use crate::error::Error;
use crate::feed::{Database, Diffs, Feeds, Range, Store};
use crate::session::Executor;

/// A feed in [`Redis`] with the database behind it; made by
/// [`Redis::or_database`]. It is read through two connections:
/// `load(&mut (&mut redis_connection, &mut conn))`, both synchronous or both not.
#[derive(Debug)]
pub struct OrDatabase<Ms> {
    redis: Redis,
    database: Database<Ms>,
}

impl<Ms> Clone for OrDatabase<Ms> {
    fn clone(&self) -> Self {
        Self {
            redis: self.redis.clone(),
            database: self.database,
        }
    }
}

impl<Ms> OrDatabase<Ms> {
    pub(super) fn new(redis: Redis, database: Database<Ms>) -> Self {
        Self { redis, database }
    }
}

impl<'r, 'c, R, C, Ms> Store<(&'r mut R, &'c mut C)> for OrDatabase<Ms>
where
    R: RedisConnection<Mode = C::Mode>,
    C: Executor,
    Ms: Feeds<C::Engine>,
{
    type Output<'a, T: 'a>
        = C::Output<'a, T>
    where
        Self: 'a,
        (&'r mut R, &'c mut C): 'a;

    fn read<'a, T, F>(
        self,
        conns: &'a mut (&'r mut R, &'c mut C),
        range: Range,
        then: F,
    ) -> C::Output<'a, Result<T, Error>>
    where
        Self: 'a,
        T: Send + 'a,
        F: FnOnce(Diffs) -> T + Send + 'a,
    {
        C::run(async move {
            let (redis, conn) = conns;
            let found = match read::find(&self.redis, *redis, &range).await {
                Err(Error::OutsideWindow { .. } | Error::Redis(_)) => {
                    self.database.find(*conn, range).await
                }
                found => found,
            };
            found.map(then)
        })
    }
}
