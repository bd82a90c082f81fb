//! What changed since somebody looked last, without gaps.
//!
//! The record tables are the log. What is added here is the order in which
//! records become visible, which is not the order of their numbers nor of their
//! times wherever transactions overlap:
//!
//! * SQLite has one writer at a time, so there it is.
//! * On PostgreSQL a record knows its transaction, and a position is a snapshot:
//!   what is visible in a later one and not in it comes next.
//! * On MySQL and MariaDB a reader numbers records once they are visible.

mod change;
mod cursor;
mod filter;
mod follow;
pub(crate) mod identity;
#[cfg(feature = "mirror")]
mod mirror;
mod page;
mod position;
pub(crate) mod prune;
mod query;
mod reach;
mod reader;
pub(crate) mod rows;
mod snapshot;
pub(crate) mod stamp;
mod witness;
mod writers;

pub use change::Change;
pub use cursor::{Cursor, InvalidCursor};
pub use filter::{Filters, Only};
pub use follow::Follow;
#[doc(hidden)]
pub use follow::{Batches, Pages};
#[cfg(feature = "mirror")]
#[doc(hidden)]
pub use mirror::{AnyMirrored, MirrorModel};
#[cfg(feature = "mirror")]
pub use mirror::{Difference, DifferenceKind, Mirror, MirrorModels, Pull, Verified};
#[doc(hidden)]
pub use position::Place;
pub use query::{Batch, ChangesSince, changes};
pub(crate) use reader::{Ask, Reader, sorted};
pub use writers::{OpenTransaction, open_transactions};
#[cfg(feature = "redis")]
pub(crate) use {
    cursor::{Inner, Witness},
    position::{Position, Window},
};

use crate::record::Recorded;

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
