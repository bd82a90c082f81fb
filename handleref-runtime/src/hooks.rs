//! Lifecycle hooks: code of the user before and after soft delete and restore.

use crate::model::SoftDelete;
use crate::session::Executor;
use std::error::Error as StdError;

/// What a hook returns to refuse; everything is rolled back and the caller
/// gets it as [`Error::Hook`](crate::error::Error::Hook).
pub type HookError = Box<dyn StdError + Send + Sync>;

/// Code that runs before and after rows are soft-deleted or restored, in the
/// same transaction, on the connection `C`.
///
/// Asked for by `#[handleref(hooks)]` on the struct. Hooks get all rows of one
/// operation at once: one row from `article.delete(conn)`, many from
/// `handleref::delete(..)`, and the children that a cascade reaches. Rows that
/// are skipped (already deleted, already live) are not among them, and without
/// rows no hook is called. A method that is not written does nothing.
///
/// The rows are as in the database at that moment: not yet deleted in
/// `before_delete`, deleted in `after_delete` and `before_restore`, live again
/// in `after_restore` (as the signals of django-timestampable).
///
/// A hook may change its rows; one that takes a row away from the operation ends
/// it in [`Error::Interfered`](crate::error::Error::Interfered). What it adds to
/// the rows of the operation is part of it, and goes through the hooks as well.
///
/// A hook returns what the connection's own methods return: on a synchronous
/// connection a `Result`, on one of diesel-async a boxed future of it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` says `#[handleref(hooks)]`, but has no hooks",
    label = "`Hooks` is not implemented for this connection",
    note = "write `impl<C: Executor> Hooks<C> for {Self} {{ .. }}`, or an `impl` for each type of connection"
)]
pub trait Hooks<C: Executor>: SoftDelete {
    /// Before the rows are soft-deleted.
    ///
    /// # Errors
    /// Whatever the hook refuses with.
    #[doc(alias = "pre_soft_delete")]
    fn before_delete<'a>(
        rows: &'a [Self],
        conn: &'a mut C,
    ) -> C::Output<'a, Result<(), HookError>> {
        nothing::<Self, C>(rows, conn)
    }
    /// After the rows were soft-deleted.
    ///
    /// # Errors
    /// Whatever the hook refuses with.
    #[doc(alias = "post_soft_delete")]
    fn after_delete<'a>(rows: &'a [Self], conn: &'a mut C) -> C::Output<'a, Result<(), HookError>> {
        nothing::<Self, C>(rows, conn)
    }
    /// Before the rows are restored.
    ///
    /// # Errors
    /// Whatever the hook refuses with.
    #[doc(alias = "pre_restore")]
    fn before_restore<'a>(
        rows: &'a [Self],
        conn: &'a mut C,
    ) -> C::Output<'a, Result<(), HookError>> {
        nothing::<Self, C>(rows, conn)
    }
    /// After the rows were restored.
    ///
    /// # Errors
    /// Whatever the hook refuses with.
    #[doc(alias = "post_restore")]
    fn after_restore<'a>(
        rows: &'a [Self],
        conn: &'a mut C,
    ) -> C::Output<'a, Result<(), HookError>> {
        nothing::<Self, C>(rows, conn)
    }
}

fn nothing<'a, M, C: Executor>(_: &'a [M], _: &'a mut C) -> C::Output<'a, Result<(), HookError>> {
    C::run(std::future::ready(Ok(())))
}

/// A model without hooks.
#[derive(Debug, Clone, Copy)]
pub enum NoHooks {}

/// A model that implements [`Hooks`].
#[derive(Debug, Clone, Copy)]
pub enum WithHooks {}
