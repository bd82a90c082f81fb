//! Before what changesets may be asked for.

use crate::history::ChangesetNo;
use crate::time::{BoundTime, Instant};

/// Before what changesets end: an [`Instant`] or a [`ChangesetNo`].
#[diagnostic::on_unimplemented(
    message = "changesets cannot end before `{Self}`",
    note = "give an instant, such as a chrono `DateTime`, or a `ChangesetNo`"
)]
pub trait ChangesetEnd {
    /// The end, as a value.
    #[doc(hidden)]
    fn end(self) -> End;
}

/// What is not part any more.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub enum End {
    Time(BoundTime),
    Number(i64),
}

impl<T: Instant> ChangesetEnd for T {
    fn end(self) -> End {
        End::Time(BoundTime::new(self))
    }
}

impl ChangesetEnd for ChangesetNo {
    fn end(self) -> End {
        End::Number(self.0)
    }
}
