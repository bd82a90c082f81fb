//! What changed since the last look, without gaps.
//!
//! The record tables are the log. What is added here is the order in which
//! records become visible, which is not the order of their numbers nor of their
//! times wherever transactions overlap:
//!
//! * SQLite has one writer at a time, so there it is.
//! * On PostgreSQL a record knows its transaction, and a position is a snapshot:
//!   what is visible in a later one and not in it comes next.
//! * On MySQL and MariaDB a reader numbers records once they are visible.

mod cursor;
mod filter;
mod follow;
pub(crate) mod identity;
mod page;
mod position;
pub(crate) mod prune;
mod query;
mod reach;
mod reader;
mod snapshot;
pub(crate) mod stamp;
mod witness;
mod writers;

pub use crate::history::Change;
#[doc(hidden)]
pub use crate::history::Place;
pub use cursor::{Cursor, InvalidCursor};
pub use filter::{Filters, Only};
pub use follow::Follow;
#[doc(hidden)]
pub use follow::{Batches, Pages};
pub use query::{Batch, ChangesSince, changes};
#[cfg(feature = "mirror")]
pub(crate) use query::{batch, now};
#[cfg(any(feature = "axum", feature = "manage"))]
pub(crate) use query::{batch_of, now_of};
pub(crate) use reader::{Ask, Reader, sorted};
pub use writers::{OpenTransaction, open_transactions};
#[cfg(feature = "redis")]
pub(crate) use {
    cursor::{Inner, Witness},
    position::{Position, Window},
};

use crate::history::Recorded;

/// What changed of one model.
pub trait SyncDsl: Recorded {
    /// As [`changes`], of this model alone.
    ///
    /// ```text
    /// Article::changes().since(&cursor).filter(articles::topic_id.eq(7)).load(conn)?;
    /// ```
    fn changes() -> ChangesSince<Self> {
        changes()
    }
}

impl<M: Recorded> SyncDsl for M {}
