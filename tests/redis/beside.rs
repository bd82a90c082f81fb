//! Connections to Redis beside those of a database, and stores of one test.

use crate::support::{Db, Engine};
use handleref::redis::{Redis, RedisConnection};
use std::sync::atomic::{AtomicU32, Ordering};

/// The server that the tests share.
pub fn url() -> String {
    std::env::var("HANDLEREF_REDIS_URL")
        .expect("HANDLEREF_REDIS_URL is not set: run `cargo xtask test`, or set it to a throwaway server's URL")
}

/// A store with a prefix of its own.
pub fn store() -> Redis {
    Redis::new().prefix(&prefix())
}

pub fn prefix() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let nanos = chrono::Utc::now().timestamp_subsec_nanos();
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("test-{}-{nanos}-{next}", std::process::id())
}

/// A database's connection, and what it goes with.
pub trait Beside {
    type Redis: RedisConnection;
    /// A connection, or a future of it.
    type Connecting;
    fn redis_at(url: &str) -> Self::Connecting;
    fn redis() -> Self::Connecting {
        Self::redis_at(&url())
    }
}

pub fn blocking(url: &str) -> redis::Connection {
    redis::Client::open(url).unwrap().get_connection().unwrap()
}

macro_rules! blocking {
    ($($feature:literal $conn:ty)*) => { $(
        #[cfg(feature = $feature)]
        impl Beside for $conn {
            type Redis = redis::Connection;
            type Connecting = redis::Connection;
            fn redis_at(url: &str) -> redis::Connection {
                blocking(url)
            }
        }
    )* };
}
blocking! {
    "sqlite" diesel::SqliteConnection
    "postgres" diesel::PgConnection
    "mysql" diesel::MysqlConnection
}

#[cfg(feature = "async")]
macro_rules! nonblocking {
    ($($feature:literal $conn:ty)*) => { $(
        #[cfg(feature = $feature)]
        impl Beside for $conn {
            type Redis = redis::aio::MultiplexedConnection;
            type Connecting = std::pin::Pin<Box<dyn Future<Output = redis::aio::MultiplexedConnection> + Send>>;
            fn redis_at(url: &str) -> Self::Connecting {
                let client = redis::Client::open(url).unwrap();
                Box::pin(async move { client.get_multiplexed_async_connection().await.unwrap() })
            }
        }
    )* };
}
#[cfg(feature = "async")]
nonblocking! {
    "sqlite" diesel_async::sync_connection_wrapper::SyncConnectionWrapper<diesel::SqliteConnection>
    "postgres" diesel_async::AsyncPgConnection
    "mysql" diesel_async::AsyncMysqlConnection
}

/// Steps until there is nothing more to do.
macro_rules! catch_up {
    ($relay:expr, $conn:expr, $redis:expr) => {
        loop {
            let step = go!($relay.step($conn, $redis))?;
            if !step.more && !step.waits {
                break;
            }
        }
    };
}
pub(crate) use catch_up;

/// Asserts that Redis and the database give the same: of all, of each model, of
/// each object.
macro_rules! assert_same {
    ($store:expr, $conn:expr, $redis:expr) => {{
        let database = handleref::feed::Database::<crate::models::All>::new();
        let all = go!(handleref::feed::diffs(&database).limit(10_000).load($conn))?;
        assert!(!all.more);
        let held = go!(handleref::feed::diffs($store).limit(10_000).load($redis))?;
        assert_eq!(held.diffs, all.diffs);
        assert!(!held.more);
        let mut addresses: Vec<_> = all
            .diffs
            .iter()
            .map(|diff| diff.address().clone())
            .collect();
        addresses.sort();
        addresses.dedup();
        for address in &addresses {
            let of = |it: &handleref::feed::Diff| it.address() == address;
            let expected: Vec<_> = all.diffs.iter().filter(|it| of(it)).cloned().collect();
            let query = handleref::feed::diffs($store)
                .of_object(address)
                .limit(10_000);
            assert_eq!(go!(query.load($redis))?.diffs, expected, "{address}");
        }
        let mut models: Vec<_> = addresses.into_iter().map(|address| address.model).collect();
        models.dedup();
        for model in models {
            use handleref::feed::Feed;
            let query = match &*model {
                "Question" => go!(crate::models::Question::diffs($store)
                    .limit(10_000)
                    .load($redis)),
                "Choice" => go!(crate::models::Choice::diffs($store)
                    .limit(10_000)
                    .load($redis)),
                _ => go!(crate::models::Note::diffs($store)
                    .limit(10_000)
                    .load($redis)),
            };
            let of = |it: &&handleref::feed::Diff| it.address().model == model;
            let expected: Vec<_> = all.diffs.iter().filter(of).cloned().collect();
            assert_eq!(query?.diffs, expected, "{model}");
        }
        all.diffs
    }};
}
pub(crate) use assert_same;

/// Empties a server that no other test uses.
pub fn flush(url: &str) {
    redis::cmd("FLUSHALL").exec(&mut blocking(url)).unwrap();
}

/// Another database of the same engine.
pub fn another(db: &Db) -> Db {
    match db.engine {
        #[cfg(feature = "sqlite")]
        Engine::Sqlite => Db::sqlite(),
        #[cfg(feature = "postgres")]
        Engine::Postgres => Db::postgres(),
        #[cfg(feature = "mysql")]
        Engine::Mysql => Db::mysql(),
        #[allow(unreachable_patterns)]
        _ => unreachable!("its feature is off"),
    }
}
