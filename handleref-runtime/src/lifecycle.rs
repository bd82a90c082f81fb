//! Soft delete and restore, of single rows and of sets.

use crate::error::Error;
use crate::executor::Steps;
use crate::model::SoftDelete;
use crate::row::{Outcome, Row, ops};
use crate::write::{Mark, WalkStatus};
use diesel::query_builder::QueryFragment;
use std::future::Future;

/// The lifecycle of a model whose soft delete concerns the row alone.
#[derive(Debug, Clone, Copy)]
pub enum Single {}

/// The lifecycle of a model with children, parents or hooks.
#[derive(Debug, Clone, Copy)]
pub enum Family {}

/// The soft delete of one row.
#[doc(hidden)]
pub trait DeleteRow<M, C> {
    fn delete(conn: &mut C, row: &mut M) -> impl Future<Output = Result<Outcome, Error>> + Send;
}

/// The restore of one row.
#[doc(hidden)]
pub trait RestoreRow<M, C> {
    fn restore(conn: &mut C, row: &mut M, upward: bool) -> impl Future<Output = Result<Outcome, Error>> + Send;
}

impl<M, C> DeleteRow<M, C> for Single
where
    C: Steps,
    M: SoftDelete<Status: WalkStatus<C::Backend>, Live: QueryFragment<C::Backend> + Send + Sync> + Row<C::Backend>,
{
    async fn delete(conn: &mut C, row: &mut M) -> Result<Outcome, Error> {
        let written = ops::change(conn, row, Mark::<M, true>::new(), M::is_live()).await?;
        settle(conn, row, written, true).await
    }
}

impl<M, C> RestoreRow<M, C> for Single
where
    C: Steps,
    M: SoftDelete<Status: WalkStatus<C::Backend>, Deleted: QueryFragment<C::Backend> + Send + Sync> + Row<C::Backend>,
{
    async fn restore(conn: &mut C, row: &mut M, _: bool) -> Result<Outcome, Error> {
        let written = ops::change(conn, row, Mark::<M, false>::new(), M::is_deleted()).await?;
        settle(conn, row, written, false).await
    }
}

/// Takes over what was written, or says why nothing was.
pub(crate) async fn settle<C, M>(
    conn: &mut C,
    row: &mut M,
    written: Option<M::Managed>,
    delete: bool,
) -> Result<Outcome, Error>
where
    C: Steps,
    M: Row<C::Backend>,
{
    if let Some(managed) = written {
        row.apply(managed);
        return Ok(Outcome::Written);
    }
    let found = ops::probe(conn, row).await?;
    if found.deleted != delete {
        found.same_version(row)?;
    }
    Ok(Outcome::Unchanged)
}

