//! Where diffs are read.

use super::diff::Diffs;
use super::range::Range;
use crate::error::Error;

/// A place where diffs are kept, or made, that is read through the connection `C`.
/// Queries hold a clone of it, which should be cheap.
#[diagnostic::on_unimplemented(
    message = "diffs cannot be read from `{Self}` through the connection `{C}`",
    note = "`feed::Database<Models>` is read through the connection of the database; every model needs `impl Feed`"
)]
pub trait Store<C>: Clone {
    /// What a read gives: a `T`, or a future of it.
    type Output<'a, T: 'a>
    where
        Self: 'a,
        C: 'a;

    /// Reads a range and gives what `then` makes of it.
    #[doc(hidden)]
    fn read<'a, T, F>(
        self,
        conn: &'a mut C,
        range: Range,
        then: F,
    ) -> Self::Output<'a, Result<T, Error>>
    where
        Self: 'a,
        T: Send + 'a,
        F: FnOnce(Diffs) -> T + Send + 'a;
}
