//! Soft delete and restore, of single rows and of sets.

use crate::cascade::run::{ATTEMPTS, Attempt, Task, inside, run};
use crate::cascade::set::Change;
use crate::cascade::{AsNode, Children, Node, Parents};
use crate::engine::{Engine, Fragment};
use crate::error::Error;
use crate::model::{Managed, SoftDelete};
use crate::row::statements::ByKey;
use crate::row::{Outcome, Row, ops};
use crate::session::{AnyRow, Boxed, EachRow, Executor, Session, Transaction};
use crate::sql::Sql;
use crate::write::{Mark, TableName, WalkStatus, Written, written};
use diesel::dsl::Filter;
use diesel::query_builder::{AstPass, IntoUpdateTarget, QueryFragment};
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
/// Diesel's own `diesel::delete` really deletes.
///
/// `target` is what [`diesel::update`] takes: a table, a filtered query or an
/// `Identifiable` struct.
///
/// The result is an [`UpdateStatement`](crate::write::UpdateStatement), to be
/// executed by Diesel or diesel-async, and with `returning` where the engine has
/// it. Only if the model has `cascade(..)` or `hooks`, which take several statements, it is a
/// [`FamilyChange`], which is executed in the same words:
/// `handleref::delete(target).execute(conn)`.
#[doc(alias("soft_delete", "soft delete"))]
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
/// As [`delete`], this is one statement unless the model has relatives or
/// hooks. With children, those come back that the same deletion removed. With
/// parents, it is refused while one of them is soft-deleted
/// ([`Error::ParentDeleted`]); [`FamilyChange::with_parents`] restores upward.
#[doc(alias = "undelete")]
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

impl<T, M> DeleteSet<T, M> for Single
where
    T: IntoUpdateTarget<Table: diesel::Table>,
    M: SoftDelete<Table = T::Table>,
    Written<T, Mark<M, true>>: FilterDsl<M::Live>,
{
    type Statement = Filter<Written<T, Mark<M, true>>, M::Live>;
    fn delete_set(target: T) -> Self::Statement {
        written(target, Mark::<M, true>::new()).filter(M::is_live())
    }
}

impl<T, M> RestoreSet<T, M> for Single
where
    T: IntoUpdateTarget<Table: diesel::Table>,
    M: SoftDelete<Table = T::Table>,
    Written<T, Mark<M, false>>: FilterDsl<M::Deleted>,
{
    type Statement = Filter<Written<T, Mark<M, false>>, M::Deleted>;
    fn restore_set(target: T) -> Self::Statement {
        written(target, Mark::<M, false>::new()).filter(M::is_deleted())
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
        W: QueryFragment<C::Engine> + Send + Sync + 'a,
        M: AsNode<C> + Children<C> + Parents<C>,
    {
        C::run(async move {
            let target = C::Engine::typed(Box::new(&self.target));
            let task = Task {
                root: Node::of::<M, C>(),
                named: &target,
                target: &target,
                change: self.change,
                once: false,
                upward: self.upward,
                values: None,
            };
            run(conn, &task).await
        })
    }
}

/// The soft delete of one row, and of those of a condition.
#[doc(hidden)]
pub trait DeleteRow<M, C> {
    fn delete(conn: &mut C, row: &mut M) -> impl Future<Output = Result<Outcome, Error>> + Send;
    fn delete_set(conn: &mut C, rows: Sql<'_>)
    -> impl Future<Output = Result<usize, Error>> + Send;
}

/// The restore of one row, and of those of a condition.
#[doc(hidden)]
pub trait RestoreRow<M, C> {
    fn restore(
        conn: &mut C,
        row: &mut M,
        upward: bool,
    ) -> impl Future<Output = Result<Outcome, Error>> + Send;
    fn restore_set(
        conn: &mut C,
        rows: Sql<'_>,
        upward: bool,
    ) -> impl Future<Output = Result<usize, Error>> + Send;
}

impl<M, C> DeleteRow<M, C> for Single
where
    C: Executor,
    M: SoftDelete<Status: WalkStatus<C::Engine>, Live: QueryFragment<C::Engine> + Send + Sync>
        + Row<C::Engine>,
{
    async fn delete(conn: &mut C, row: &mut M) -> Result<Outcome, Error> {
        let (mark, test) = (Mark::<M, true>::new(), M::is_live());
        change_row::<M, C::Engine>(conn, row, &mark, &test, true).await
    }

    async fn delete_set(conn: &mut C, rows: Sql<'_>) -> Result<usize, Error> {
        let (mark, test) = (Mark::<M, true>::new(), M::is_live());
        change_rows::<M, C::Engine>(conn, rows, &mark, &test).await
    }
}

impl<M, C> RestoreRow<M, C> for Single
where
    C: Executor,
    M: SoftDelete<Status: WalkStatus<C::Engine>, Deleted: QueryFragment<C::Engine> + Send + Sync>
        + Row<C::Engine>,
{
    async fn restore(conn: &mut C, row: &mut M, _: bool) -> Result<Outcome, Error> {
        let (mark, test) = (Mark::<M, false>::new(), M::is_deleted());
        change_row::<M, C::Engine>(conn, row, &mark, &test, false).await
    }

    async fn restore_set(conn: &mut C, rows: Sql<'_>, _: bool) -> Result<usize, Error> {
        let (mark, test) = (Mark::<M, false>::new(), M::is_deleted());
        change_rows::<M, C::Engine>(conn, rows, &mark, &test).await
    }
}

impl<M, C> DeleteRow<M, C> for Family
where
    C: Executor,
    M: AsNode<C> + Children<C> + Parents<C>,
{
    async fn delete(conn: &mut C, row: &mut M) -> Result<Outcome, Error> {
        change_family(conn, row, Change::Delete, false).await
    }

    async fn delete_set(conn: &mut C, rows: Sql<'_>) -> Result<usize, Error> {
        change_families::<C, M>(conn, rows, Change::Delete, false).await
    }
}

impl<M, C> RestoreRow<M, C> for Family
where
    C: Executor,
    M: AsNode<C> + Children<C> + Parents<C>,
{
    async fn restore(conn: &mut C, row: &mut M, upward: bool) -> Result<Outcome, Error> {
        change_family(conn, row, Change::Restore, upward).await
    }

    async fn restore_set(conn: &mut C, rows: Sql<'_>, upward: bool) -> Result<usize, Error> {
        change_families::<C, M>(conn, rows, Change::Restore, upward).await
    }
}

/// Marks one row, and takes over what was written, or says why nothing was.
async fn change_row<M: Row<DB>, DB: Engine>(
    conn: &mut dyn Session,
    row: &mut M,
    mark: &Fragment<'_, DB>,
    test: &Fragment<'_, DB>,
    delete: bool,
) -> Result<Outcome, Error> {
    let Some(managed) = ops::change::<M, DB>(conn, row, mark, test).await? else {
        ops::unchanged(conn, &ops::TypedInstance::<M, DB>::new(row), delete).await?;
        return Ok(Outcome::Unchanged);
    };
    row.apply(managed);
    Ok(Outcome::Written)
}

/// Marks the rows of a condition.
async fn change_rows<M: Row<DB>, DB: Engine>(
    conn: &mut dyn Session,
    rows: Sql<'_>,
    mark: &Fragment<'_, DB>,
    test: &Fragment<'_, DB>,
) -> Result<usize, Error> {
    let table = TableName::<DB>::quoted(&M::table())?;
    let update = Sql::new("UPDATE ")
        .made(table)
        .sql(" SET ")
        .part::<DB>(mark);
    let update = update.sql(" WHERE (").append(rows).sql(") AND ");
    Ok(conn.execute(update.part::<DB>(test)).await?)
}

/// Changes the rows of a condition with their families.
async fn change_families<C, M>(
    conn: &mut C,
    rows: Sql<'_>,
    change: Change,
    upward: bool,
) -> Result<usize, Error>
where
    C: Executor,
    M: AsNode<C> + Children<C> + Parents<C>,
{
    let rows = Sql::new(" WHERE ").append(rows);
    let target = C::Engine::typed(Box::new(&rows));
    let task = Task {
        root: Node::of::<M, C>(),
        named: &target,
        target: &target,
        change,
        once: false,
        upward,
        values: None,
    };
    run(conn, &task).await
}

async fn change_family<C, M>(
    conn: &mut C,
    row: &mut M,
    change: Change,
    upward: bool,
) -> Result<Outcome, Error>
where
    C: Executor,
    M: AsNode<C> + Children<C> + Parents<C>,
{
    let mut managed = None;
    let instance = ops::TypedInstance::<M, C::Engine>::new(row);
    let mut take = |row: &AnyRow<'_>| {
        type Sql<M, DB> = <M as Row<DB>>::ManagedSql;
        managed = Some(row.read::<C::Engine, Sql<M, C::Engine>, M::Managed>()?);
        Ok(())
    };
    {
        let [named, target] =
            [true, false].map(|version| C::Engine::typed(Box::new(ThisRow(ByKey(&*row), version))));
        let task = Task {
            root: Node::of::<M, C>(),
            named: &named,
            target: &target,
            change,
            once: false,
            upward,
            values: None,
        };
        family(conn, &task, (&instance, M::MANAGED), &mut take).await?;
    }
    let Some(managed) = managed else {
        return Ok(Outcome::Unchanged);
    };
    row.apply(managed);
    Ok(Outcome::Written)
}

/// Changes a row with its family, and hands over its managed columns if there
/// was anything to do.
fn family<'a>(
    conn: &'a mut dyn Session,
    task: &'a Task<'a>,
    row: (&'a dyn ops::Instance, &'static [&'static str]),
    take: &'a mut EachRow<'a>,
) -> Boxed<'a, Result<(), Error>> {
    Box::pin(async move {
        for _ in 0..ATTEMPTS {
            let mut transaction = Transaction::begin(conn).await?;
            let result = change_and_read(transaction.conn(), task, row, take).await;
            // Whatever is not good is rolled back, with all that hooks wrote.
            match transaction.finish(result).await {
                // Tried anew, as a set is.
                Err(Attempt::Grown { .. }) => {}
                ended => return Ok(ended?),
            }
        }
        Err(Error::Interfered {
            model: row.0.model(),
        })
    })
}

async fn change_and_read(
    conn: &mut dyn Session,
    task: &Task<'_>,
    (row, columns): (&dyn ops::Instance, &'static [&'static str]),
    take: &mut EachRow<'_>,
) -> Result<(), Attempt> {
    if inside(conn, task).await? == 0 {
        return Ok(ops::unchanged(conn, row, task.change == Change::Delete).await?);
    }
    match ops::read(conn, &row.stored(columns, false), take).await? {
        true => Ok(()),
        false => Err(Error::Interfered { model: row.model() }.into()),
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
