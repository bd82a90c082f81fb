//! Soft delete and restore, of single rows and of sets.

use crate::cascade::run::{Task, inside, run};
use crate::cascade::set::Change;
use crate::cascade::{Children, Facts, Fragment, Node, Parents};
use crate::engine::Engine;
use crate::error::Error;
use crate::executor::{Executor, Steps};
use crate::model::{Managed, SoftDelete};
use crate::row::statements::ByKey;
use crate::row::{Outcome, Row, ops};
use crate::write::{Mark, WalkStatus};
use diesel::dsl::Filter;
use diesel::query_builder::{
    AsChangeset, AstPass, IntoUpdateTarget, QueryFragment, UpdateStatement,
};
use diesel::query_dsl::methods::FilterDsl;
use diesel::result::QueryResult;
use std::future::Future;
use std::marker::PhantomData;

/// The lifecycle of a model whose soft delete concerns the row alone.
#[derive(Debug, Clone, Copy)]
pub enum Single {}

/// The lifecycle of a model with children, parents or hooks.
#[derive(Debug, Clone, Copy)]
pub enum Family {}

/// Soft-deletes the live rows of `target`: stamps `deleted_at` or sets the
/// status, raises the version and stamps `updated_at`. Rows that are deleted
/// already are not touched.
///
/// `target` is what [`diesel::update`] takes: a table, a filtered query or an
/// `Identifiable` struct.
///
/// The result is Diesel's own `UpdateStatement`, to be executed by Diesel or
/// diesel-async, and with `returning` where the engine has it. Only if the
/// model has `cascade(..)` or `hooks`, which take several statements, it is a
/// [`FamilyChange`], which is executed in the same words:
/// `handleref::delete(target).execute(conn)`.
pub fn delete<T, M>(target: T) -> <M::OnDelete as DeleteSet<T, M>>::Statement
where
    T: IntoUpdateTarget,
    T::Table: Managed<M>,
    M: SoftDelete<Table = T::Table>,
    M::OnDelete: DeleteSet<T, M>,
{
    M::OnDelete::delete_set(target)
}

/// Restores the soft-deleted rows of `target`: clears `deleted_at` or sets the
/// status back, raises the version and stamps `updated_at`. Live rows are not
/// touched.
///
/// As [`delete`], this is Diesel's statement unless the model has relatives or
/// hooks. With children, those come back that the same deletion removed. With
/// parents, it is refused while one of them is soft-deleted
/// ([`Error::ParentDeleted`]); [`FamilyChange::with_parents`] restores upward.
pub fn restore<T, M>(target: T) -> <M::OnRestore as RestoreSet<T, M>>::Statement
where
    T: IntoUpdateTarget,
    T::Table: Managed<M>,
    M: SoftDelete<Table = T::Table>,
    M::OnRestore: RestoreSet<T, M>,
{
    M::OnRestore::restore_set(target)
}

/// How [`delete`] goes about it.
#[doc(hidden)]
pub trait DeleteSet<T, M> {
    type Statement;
    fn delete_set(target: T) -> Self::Statement;
}

/// How [`restore`] goes about it.
#[doc(hidden)]
pub trait RestoreSet<T, M> {
    type Statement;
    fn restore_set(target: T) -> Self::Statement;
}

/// `UPDATE <T> SET <C>`
type Written<T, C> = UpdateStatement<
    <T as diesel::associations::HasTable>::Table,
    <T as IntoUpdateTarget>::WhereClause,
    C,
>;

impl<T, M> DeleteSet<T, M> for Single
where
    T: IntoUpdateTarget<Table: diesel::Table>,
    M: SoftDelete<Table = T::Table>,
    Mark<M, true>: AsChangeset<Target = T::Table, Changeset = Mark<M, true>>,
    Written<T, Mark<M, true>>: diesel::query_builder::AsQuery + FilterDsl<M::Live>,
{
    type Statement = Filter<Written<T, Mark<M, true>>, M::Live>;
    fn delete_set(target: T) -> Self::Statement {
        diesel::update(target)
            .set(Mark::<M, true>::new())
            .filter(M::is_live())
    }
}

impl<T, M> RestoreSet<T, M> for Single
where
    T: IntoUpdateTarget<Table: diesel::Table>,
    M: SoftDelete<Table = T::Table>,
    Mark<M, false>: AsChangeset<Target = T::Table, Changeset = Mark<M, false>>,
    Written<T, Mark<M, false>>: diesel::query_builder::AsQuery + FilterDsl<M::Deleted>,
{
    type Statement = Filter<Written<T, Mark<M, false>>, M::Deleted>;
    fn restore_set(target: T) -> Self::Statement {
        diesel::update(target)
            .set(Mark::<M, false>::new())
            .filter(M::is_deleted())
    }
}

impl<T: IntoUpdateTarget, M> DeleteSet<T, M> for Family {
    type Statement = FamilyChange<T::WhereClause, M>;
    fn delete_set(target: T) -> Self::Statement {
        FamilyChange::new(target, Change::Delete)
    }
}

impl<T: IntoUpdateTarget, M> RestoreSet<T, M> for Family {
    type Statement = FamilyChange<T::WhereClause, M>;
    fn restore_set(target: T) -> Self::Statement {
        FamilyChange::new(target, Change::Restore)
    }
}

/// The soft delete or restore of a set of rows together with their relatives
/// and hooks, in one transaction.
///
/// Its statements grow in number with the tables of the cascade, not with the
/// rows.
#[derive(Debug, Clone, Copy)]
#[must_use = "nothing happens before `.execute(conn)`"]
pub struct FamilyChange<W, M> {
    target: W,
    change: Change,
    upward: bool,
    model: PhantomData<fn() -> M>,
}

impl<W, M> FamilyChange<W, M> {
    fn new<T: IntoUpdateTarget<WhereClause = W>>(target: T, change: Change) -> Self {
        let target = target.into_update_target().where_clause;
        Self {
            target,
            change,
            upward: false,
            model: PhantomData,
        }
    }

    /// On restore: soft-deleted parents are restored first, up to the root;
    /// those rows alone, not their other children.
    pub fn with_parents(mut self) -> Self {
        self.upward = true;
        self
    }

    /// Runs it, and gives the number of rows of the model itself that changed
    /// (of a tree in one table with the ancestors and descendants that came
    /// along); rows of cascaded children in other tables are not counted.
    ///
    /// # Errors
    /// [`Error::ParentDeleted`], [`Error::TooDeep`], [`Error::Hook`],
    /// [`Error::Interfered`], [`Error::Stamp`] or [`Error::Database`];
    /// everything is rolled back then.
    pub fn execute<'a, C>(self, conn: &'a mut C) -> C::Output<'a, Result<usize, Error>>
    where
        C: Executor,
        W: QueryFragment<C::Backend> + Send + Sync + 'a,
        M: Facts<C> + Children<C> + Parents<C>,
    {
        C::run(async move {
            let task = Task {
                root: Node::of::<M>(),
                named: &self.target,
                target: &self.target,
                change: self.change,
                once: false,
                upward: self.upward,
                values: None,
            };
            run(conn, &task).await
        })
    }
}

/// The soft delete of one row.
#[doc(hidden)]
pub trait DeleteRow<M, C> {
    fn delete(conn: &mut C, row: &mut M) -> impl Future<Output = Result<Outcome, Error>> + Send;
}

/// The restore of one row.
#[doc(hidden)]
pub trait RestoreRow<M, C> {
    fn restore(
        conn: &mut C,
        row: &mut M,
        upward: bool,
    ) -> impl Future<Output = Result<Outcome, Error>> + Send;
}

impl<M, C> DeleteRow<M, C> for Single
where
    C: Steps,
    M: SoftDelete<Status: WalkStatus<C::Backend>, Live: QueryFragment<C::Backend> + Send + Sync>
        + Row<C::Backend>,
{
    async fn delete(conn: &mut C, row: &mut M) -> Result<Outcome, Error> {
        let written = ops::change(conn, row, Mark::<M, true>::new(), M::is_live()).await?;
        settle(conn, row, written, true).await
    }
}

impl<M, C> RestoreRow<M, C> for Single
where
    C: Steps,
    M: SoftDelete<Status: WalkStatus<C::Backend>, Deleted: QueryFragment<C::Backend> + Send + Sync>
        + Row<C::Backend>,
{
    async fn restore(conn: &mut C, row: &mut M, _: bool) -> Result<Outcome, Error> {
        let written = ops::change(conn, row, Mark::<M, false>::new(), M::is_deleted()).await?;
        settle(conn, row, written, false).await
    }
}

impl<M, C> DeleteRow<M, C> for Family
where
    C: Executor,
    M: Facts<C> + Children<C> + Parents<C>,
{
    async fn delete(conn: &mut C, row: &mut M) -> Result<Outcome, Error> {
        change_family(conn, row, Change::Delete, false).await
    }
}

impl<M, C> RestoreRow<M, C> for Family
where
    C: Executor,
    M: Facts<C> + Children<C> + Parents<C>,
{
    async fn restore(conn: &mut C, row: &mut M, upward: bool) -> Result<Outcome, Error> {
        change_family(conn, row, Change::Restore, upward).await
    }
}

async fn change_family<C, M>(
    conn: &mut C,
    row: &mut M,
    change: Change,
    upward: bool,
) -> Result<Outcome, Error>
where
    C: Executor,
    M: Facts<C> + Children<C> + Parents<C>,
{
    let mut transaction = crate::executor::Transaction::begin(conn).await?;
    let result = change_and_read(transaction.conn(), row, change, upward).await;
    // Whatever is not good is rolled back, with all that hooks wrote.
    let Some(managed) = transaction.finish(result).await? else {
        return Ok(Outcome::Unchanged);
    };
    row.apply(managed);
    Ok(Outcome::Written)
}

/// `None`: there was nothing to do.
async fn change_and_read<C, M>(
    conn: &mut C,
    row: &M,
    change: Change,
    upward: bool,
) -> Result<Option<M::Managed>, Error>
where
    C: Executor,
    M: Facts<C> + Children<C> + Parents<C>,
{
    let (named, target) = (ThisRow(ByKey(row), true), ThisRow(ByKey(row), false));
    let (named, target): (&Fragment<'_, _>, &Fragment<'_, _>) = (&named, &target);
    let task = Task {
        root: Node::of::<M>(),
        named,
        target,
        change,
        once: false,
        upward,
        values: None,
    };
    match inside(conn, &task).await {
        Ok(0) => {
            unchanged(conn, row, change == Change::Delete).await?;
            Ok(None)
        }
        Ok(_) => {
            let managed = ops::managed(conn, row).await?;
            let interfered = Error::Interfered { model: M::NAME };
            managed.map(Some).ok_or(interfered)
        }
        Err(attempt) => Err(attempt.into()),
    }
}

/// `WHERE <key>`, and the version if it is asked for.
struct ThisRow<'a, M>(ByKey<'a, M>, bool);

impl<M: Row<DB>, DB: Engine> QueryFragment<DB> for ThisRow<'_, M> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql(" WHERE ");
        self.0.walk(out, self.1)
    }
}

/// Takes over what was written, or says why nothing was.
async fn settle<C, M>(
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
    unchanged(conn, row, delete).await?;
    Ok(Outcome::Unchanged)
}

/// Why nothing was written: nothing was to be done, or an error.
async fn unchanged<C, M>(conn: &mut C, row: &M, delete: bool) -> Result<(), Error>
where
    C: Steps,
    M: Row<C::Backend>,
{
    let found = ops::probe(conn, row).await?;
    if found.deleted == delete {
        return Ok(());
    }
    found.same_version(row)
}
