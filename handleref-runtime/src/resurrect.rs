//! Inserting a value that a soft-deleted row still holds.

use crate::cascade::run::{Task, inside};
use crate::cascade::set::Change;
use crate::cascade::{AsNode, Children, Node, Parents, push_columns};
use crate::engine::{Engine, Fragment};
use crate::error::Error;
use crate::model::{HandleRef, Managed, SoftDelete};
use crate::session::{Executor, Session, Transaction};
use crate::sql::Sql;
use crate::write::{Checked, TableName};
use diesel::dsl::Filter;
use diesel::query_builder::{
    AsChangeset, AstPass, InsertStatement, IntoUpdateTarget, QueryFragment,
};
use diesel::query_dsl::methods::FilterDsl;
use diesel::result::QueryResult;
use diesel::{Insertable, QuerySource};
use std::marker::PhantomData;

/// Brings back the soft-deleted row that `target` names, with new values, or
/// inserts a row if there is none: *resurrect on conflict*.
///
/// `target` names rows by what must be unique, as a filtered query. If several
/// soft-deleted rows match, the one that was deleted last comes back; live rows
/// are never touched. The row keeps its key and its `created_at`, its version
/// rises by one, its children come back as in a restore.
///
/// ```text
/// let done = handleref::resurrect(articles::table.filter(articles::slug.eq("intro")))
///     .set(articles::title.eq("Introduction"))
///     .or_insert((articles::slug.eq("intro"), articles::title.eq("Introduction")))
///     .execute(conn)?;
/// ```
///
/// If a live row holds the value, the insert is left to the table's unique
/// index, which refuses it. Without a unique index two concurrent calls may
/// both insert.
pub fn resurrect<T, M>(
    target: T,
) -> Resurrect<<Filter<T, M::Deleted> as IntoUpdateTarget>::WhereClause, M>
where
    T: IntoUpdateTarget + FilterDsl<M::Deleted>,
    T::Table: Managed<M>,
    M: SoftDelete<Table = T::Table>,
    Filter<T, M::Deleted>: IntoUpdateTarget<Table = T::Table>,
{
    let target = FilterDsl::filter(target, M::is_deleted())
        .into_update_target()
        .where_clause;
    Resurrect {
        target,
        model: PhantomData,
        values: NoValues,
        insert: (),
    }
}

/// How [`Resurrect::execute`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resurrected {
    /// A soft-deleted row came back.
    Restored,
    /// There was none, and a row was inserted.
    Inserted,
}

/// See [`resurrect`].
#[derive(Debug, Clone, Copy)]
#[must_use = "nothing happens before `.or_insert(..)` and `.execute(conn)`"]
pub struct Resurrect<W, M, V = NoValues, I = ()> {
    target: W,
    values: V,
    insert: I,
    model: PhantomData<fn() -> M>,
}

/// No values: the row comes back as it was.
#[derive(Debug, Clone, Copy)]
pub struct NoValues;

impl<W, M: HandleRef, I> Resurrect<W, M, NoValues, I> {
    /// What the row that comes back gets: whatever Diesel's `set` takes, but
    /// for the managed columns.
    pub fn set<V>(self, values: V) -> Resurrect<W, M, Checked<V::Changeset, M>, I>
    where
        V: AsChangeset<Target = M::Table>,
    {
        let values = Checked::new(values.as_changeset());
        Resurrect {
            target: self.target,
            values,
            insert: self.insert,
            model: PhantomData,
        }
    }
}

impl<W, M: HandleRef, V> Resurrect<W, M, V, ()> {
    /// What is inserted if no row comes back: whatever Diesel's `values` takes.
    pub fn or_insert<I>(self, values: I) -> Resurrect<W, M, V, InsertStatement<M::Table, I::Values>>
    where
        I: Insertable<M::Table>,
    {
        let insert = diesel::insert_into(M::table()).values(values);
        Resurrect {
            target: self.target,
            values: self.values,
            insert,
            model: PhantomData,
        }
    }
}

impl<W, M, V, T, I> Resurrect<W, M, V, InsertStatement<T, I>>
where
    T: QuerySource,
{
    /// Runs it in one transaction.
    ///
    /// # Errors
    /// [`Error::ParentDeleted`], [`Error::Hook`], [`Error::ManagedColumn`] or
    /// [`Error::Database`], which holds a unique violation if a live row has
    /// the value; everything is rolled back then.
    pub fn execute<'a, C>(self, conn: &'a mut C) -> C::Output<'a, Result<Resurrected, Error>>
    where
        C: Executor,
        W: QueryFragment<C::Engine> + Send + Sync + 'a,
        V: Values<C::Engine> + Send + Sync + 'a,
        InsertStatement<T, I>: QueryFragment<C::Engine> + Send + Sync + 'a,
        M: AsNode<C> + Children<C> + Parents<C>,
    {
        C::run(async move {
            let Self {
                target,
                values,
                insert,
                ..
            } = self;
            let newest = Newest::<W, M> {
                target,
                model: PhantomData,
            };
            let mut transaction = Transaction::begin(conn).await?;
            let conn = transaction.conn();
            let result = match restored::<C, M>(conn, &newest, values.fragment()).await {
                Ok(true) => Ok(Resurrected::Restored),
                Ok(false) => {
                    let insert = Sql::new("").own_part::<C::Engine>(Box::new(insert));
                    let inserted = conn.execute(insert).await;
                    inserted.map(|_| Resurrected::Inserted).map_err(Error::from)
                }
                Err(error) => Err(error),
            };
            transaction.finish(result).await
        })
    }
}

async fn restored<C, M>(
    conn: &mut dyn Session,
    newest: &Fragment<'_, C::Engine>,
    values: Option<&Fragment<'_, C::Engine>>,
) -> Result<bool, Error>
where
    C: Executor,
    M: AsNode<C> + Children<C> + Parents<C>,
{
    let newest = C::Engine::typed(Box::new(newest));
    let values = values.map(|values| C::Engine::typed(Box::new(values)));
    let task = Task {
        root: Node::of::<M, C>(),
        named: &newest,
        target: &newest,
        change: Change::Restore,
        once: true,
        upward: false,
        values: values.as_ref(),
    };
    Ok(inside(conn, &task).await? > 0)
}

/// The values of a resurrected row, if there are any.
#[doc(hidden)]
pub trait Values<DB: Engine> {
    fn fragment(&self) -> Option<&(dyn QueryFragment<DB> + Send + Sync)>;
}

impl<DB: Engine> Values<DB> for NoValues {
    fn fragment(&self) -> Option<&(dyn QueryFragment<DB> + Send + Sync)> {
        None
    }
}

impl<V, M, DB> Values<DB> for Checked<V, M>
where
    DB: Engine,
    M: HandleRef,
    V: QueryFragment<DB> + Send + Sync,
{
    fn fragment(&self) -> Option<&(dyn QueryFragment<DB> + Send + Sync)> {
        Some(self)
    }
}

/// `WHERE <key> IN (the row of the target that was deleted last)`
struct Newest<W, M> {
    target: W,
    model: PhantomData<fn() -> M>,
}

impl<W, M, DB> QueryFragment<DB> for Newest<W, M>
where
    W: QueryFragment<DB>,
    M: SoftDelete<Table: TableName<DB>>,
    DB: Engine,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql(" WHERE (");
        push_columns("", M::KEY_COLUMNS, &mut out)?;
        out.push_sql(") IN (SELECT ");
        push_columns("", M::KEY_COLUMNS, &mut out)?;
        out.push_sql(" FROM (SELECT ");
        push_columns("", M::KEY_COLUMNS, &mut out)?;
        out.push_sql(" FROM ");
        M::table().push(&mut out)?;
        self.target.walk_ast(out.reborrow())?;
        out.push_sql(" ORDER BY ");
        let moment = M::ROLES
            .deleted_at
            .or(M::ROLES.updated_at)
            .map(|(name, _)| name);
        for (at, column) in moment.iter().chain(M::KEY_COLUMNS).enumerate() {
            if at > 0 {
                out.push_sql(", ");
            }
            out.push_identifier(column)?;
            out.push_sql(" DESC");
        }
        out.push_sql(" LIMIT 1) AS handleref_newest)");
        Ok(())
    }
}
