//! The diff feed in Redis: sorted sets that a relay fills from the records.
//!
//! ```text
//! let redis = Redis::new().prefix("shop").max_age(TimeDelta::hours(1));
//! Relay::<(Question, Choice)>::new(&redis).spawn(connect_database, connect_redis)?;
//! let read = Question::diffs(&redis).of(&7).since(ten_minutes_ago).load(&mut redis_connection)?;
//! ```
//!
//! The record tables are the outbox. A relay reads them by a cursor and writes the
//! diffs first, then its position; if it is killed in between, it does the same
//! again, which changes nothing. A position is a place in the order in which
//! changes became visible, so what a reader has not seen is known exactly, from
//! Redis as from the database, with the same token.

mod advance;
mod connection;
mod entry;
mod erase;
mod fill;
mod keys;
mod listen;
mod manage;
mod or_database;
mod prune;
mod read;
mod relay;
mod repair;
mod run;
mod scan;
mod span;
mod state;
mod store;
mod walk;

/// A member of a sorted set, read and written again.
#[doc(hidden)]
pub fn read_entry(member: &[u8]) -> Option<String> {
    let place = entry::place(member)?;
    let diff = entry::diff(place, std::str::from_utf8(member).ok()?)?;
    entry::member(&diff).ok()
}

pub use connection::{Nonblocking, Plain, RedisConnection};
pub use listen::Listen;
pub use manage::manage;
pub use or_database::OrDatabase;
pub use prune::{PrunedDiffs, Skipped, prune_diffs};
pub use relay::{Relay, Step};
pub use run::{RelayHandle, RelayStatus};
pub use store::Redis;
