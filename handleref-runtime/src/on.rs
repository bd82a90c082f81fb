//! Bounds for functions that take any model, on any connection.

use crate::history::value::{Fields, Json};
use crate::history::{Loaded, Recall};
use crate::lifecycle::{DeleteRow, RestoreRow};
use crate::model::SoftDelete;
use crate::row::Row;
use crate::session::Executor;

/// A model whose rows are saved, soft-deleted and restored through a connection `C`.
///
/// One bound for what the derive implements. The connection may be any that is an
/// [`Executor`], so such a function is written once for three engines, synchronous and
/// asynchronous:
///
/// ```
/// use handleref_runtime::{error::Error, on::SoftDeleteOn, row::{Outcome, RowDsl}, session::Executor};
///
/// /// Puts a row into the bin, whatever it is.
/// fn archive<'a, M, C>(conn: &'a mut C, row: &'a mut M) -> C::Output<'a, Result<Outcome, Error>>
/// where
///     M: SoftDeleteOn<C>,
///     C: Executor,
/// {
///     row.delete(conn)
/// }
///
/// /// Several steps: `wait` is there for both kinds of connections.
/// fn archive_all<'a, M, C>(conn: &'a mut C, rows: &'a mut [M]) -> C::Output<'a, Result<usize, Error>>
/// where
///     M: SoftDeleteOn<C>,
///     C: Executor,
/// {
///     C::run(async move {
///         let mut archived = 0;
///         for row in rows {
///             archived += usize::from(C::wait(row.delete(conn)).await? == Outcome::Written);
///         }
///         Ok(archived)
///     })
/// }
/// ```
///
/// `archive(conn, &mut article)?` on a synchronous connection, `archive(conn, &mut
/// article).await?` on an asynchronous one.
pub trait SoftDeleteOn<C: Executor>:
    SoftDelete<OnDelete: DeleteRow<Self, C>, OnRestore: RestoreRow<Self, C>> + Row<C::Engine>
{
}

#[diagnostic::do_not_recommend]
impl<M, C> SoftDeleteOn<C> for M
where
    C: Executor,
    M: SoftDelete + Row<C::Engine>,
    M::OnDelete: DeleteRow<M, C>,
    M::OnRestore: RestoreRow<M, C>,
{
}

/// A model whose rows and their past are read through a connection `C`; as
/// [`SoftDeleteOn`], for `log`, `diff`, `blame`, `revert` and the like.
///
/// ```
/// use handleref_runtime::{error::Error, log::{LogDsl, LogPage}, on::RecordedOn, session::Executor};
///
/// /// The last changes of a row, whatever it is.
/// fn latest<'a, M, C>(conn: &'a mut C, key: M::RecordKey) -> C::Output<'a, Result<LogPage<M>, Error>>
/// where
///     M: RecordedOn<C>,
///     C: Executor,
/// {
///     M::log_of(key).limit(5).load(conn)
/// }
/// ```
pub trait RecordedOn<C: Executor>: Recall<C::Engine> + Loaded<C::Engine> + Fields<Json> {}

#[diagnostic::do_not_recommend]
impl<M, C> RecordedOn<C> for M
where
    C: Executor,
    M: Recall<C::Engine> + Loaded<C::Engine> + Fields<Json>,
{
}
