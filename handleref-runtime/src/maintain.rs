//! Looking after the history: rows that were there before it, its length, what
//! must not be lost, what must be forgotten, and a log of all that.
//!
//! ```text
//! Article::backfill().execute(conn)?;                              // records for rows that have none
//! Article::prune().older_than(TimeDelta::days(730)).execute(conn)?; // forget what was before
//! let hold = Article::hold(conn, &7, "case 12")?;                  // but nothing of this row
//! User::erase(7).column(users::email).live_row().execute(conn)?;   // one person's data, in every copy
//! User::redact_past().execute(conn)?;                              // a field that is redacted from now on
//! without_recording(conn, "import", |conn| import(conn))?;         // changes that need no record
//! for event in events().of::<Article>().load(conn)? { println!("{event}") }
//! ```
//!
//! All of it runs in the transaction of the caller, or in one of its own (long
//! work in a row of short ones), and leaves a row in `handleref_events`. What
//! ends in an error leaves everything as it was.

mod backfill;
mod backfill_all;
pub(crate) mod baseline;
mod doomed;
mod erase;
pub(crate) mod erasure;
mod events;
mod former;
pub(crate) mod held;
pub(crate) mod holds;
pub(crate) mod keys;
mod pause;
mod prune;
mod pruned;
pub(crate) mod redact;

pub use backfill::{Backfill, Progress};
#[cfg(feature = "manage")]
pub(crate) use backfill::{Steps as BackfillSteps, about, left};
pub use backfill_all::{BackfillAll, Backfilled};
pub use erase::{Erase, Erased, Unerasable};
#[cfg(feature = "manage")]
pub(crate) use erase::{What as EraseWhat, erase as erase_row};
pub(crate) use events::write_event;
pub use events::{Event, EventKind, Events, events};
pub use holds::{Hold, holds, release};
pub use pause::{AsyncWork, without_recording, without_recording_async};
pub use prune::{Age, Prune, Pruned};
#[cfg(feature = "manage")]
pub(crate) use prune::{Limit as PruneLimit, Steps as PruneSteps, Wanted as PruneWanted};
pub use redact::{RedactPast, Redacted};

use crate::error::Error;
use crate::history::model::{Recall, Recorded};
use crate::history::query::Loaded;
use crate::history::subject::Subject;
use crate::key::Key;
use crate::session::Executor;

/// Looking after the history of one model.
pub trait Maintain: Recorded {
    /// Records for the rows that have none, because they are older than the
    /// recording; see [`Backfill`].
    fn backfill() -> Backfill<'static, Self> {
        Backfill::new()
    }

    /// Deletes old records; see [`Prune`].
    fn prune() -> Prune<Self> {
        Prune::new()
    }

    /// Forgets personal data of one row, in every record; see [`Erase`].
    fn erase(key: Self::RecordKey) -> Erase<Self> {
        Erase::new(key)
    }

    /// Keys that this row may have had before, the latest first. A changed key is
    /// recorded as the delete of one row and the insert of another one, and no
    /// engine says that they belong together; so these are rows that were deleted
    /// by what looks like the statement that inserted this one: the delete was
    /// recorded right before the insert, or at the same moment (on PostgreSQL in
    /// the same transaction, too). One that was deleted and inserted by hand looks
    /// the same. Look at them before you give them to [`Erase::also`].
    ///
    /// ```text
    /// let former = User::former_keys(conn, &8)?;           // [7]
    /// User::erase(8).everything().also(7).execute(conn)?;
    /// ```
    ///
    /// # Errors
    /// [`Error::NotInstalled`] or [`Error::Database`].
    fn former_keys<'a, C: Executor>(
        conn: &'a mut C,
        key: &'a Self::RecordKey,
    ) -> C::Output<'a, Result<Vec<Self::RecordKey>, Error>>
    where
        Self: Recall<C::Engine> + Loaded<C::Engine>,
    {
        C::run(former::former_keys::<Self, C::Engine>(conn, key))
    }

    /// Takes values of columns that are redacted or skipped by now out of older
    /// records; see [`RedactPast`].
    fn redact_past() -> RedactPast<Self> {
        RedactPast::new()
    }

    /// Holds the records of one row: no prune deletes them, and nothing in
    /// them can be erased, until the hold is [`release`]d. Gives its number.
    /// The row need not exist (any more).
    ///
    /// ```text
    /// let hold = Article::hold(conn, &7, "case 12")?;
    /// ```
    ///
    /// # Errors
    /// [`Error::NotStorable`] if there is a NUL in the reason or the key,
    /// [`Error::NotInstalled`] or [`Error::Database`].
    fn hold<'a, C: Executor>(
        conn: &'a mut C,
        key: &'a Self::RecordKey,
        reason: &'a str,
    ) -> C::Output<'a, Result<i64, Error>> {
        C::finish(holds::hold(
            conn,
            Subject::of::<Self>(),
            Some(key.text()),
            reason,
        ))
    }

    /// Holds the records of all rows, as [`hold`](Maintain::hold) does for one.
    ///
    /// # Errors
    /// As those of [`hold`](Maintain::hold).
    fn hold_all<'a, C: Executor>(
        conn: &'a mut C,
        reason: &'a str,
    ) -> C::Output<'a, Result<i64, Error>> {
        C::finish(holds::hold(conn, Subject::of::<Self>(), None, reason))
    }
}

impl<M: Recorded> Maintain for M {}
