//! The update of a set, between the hooks of its model.

use super::{Boxed, Fragment, push_columns};
use crate::engine::{Engine, Kind, locking_read};
use crate::error::Error;
use crate::executor::Executor;
use crate::hooks::{Hooks, NoHooks, WithHooks};
use crate::row::{ColumnWriter, Row, SelectionSql, columns::Form};
use crate::write::TableName;
use diesel::Selectable;
use diesel::deserialize::FromSqlRow;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;

/// How a set of `M` is updated on `C`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the lifecycle hooks of `{M}` cannot run on `{C}`",
    note = "`#[handleref(hooks)]` asks for `impl handleref::Hooks<{C}> for {M}`, and for `Selectable` and `Queryable` to load the rows"
)]
pub trait FireHooks<M, C: Executor> {
    /// Updates the rows in `set` by `update`, and gives their number.
    fn apply<'a>(
        conn: &'a mut C,
        set: &'a Fragment<'a, C::Backend>,
        update: &'a Fragment<'a, C::Backend>,
        delete: bool,
    ) -> Boxed<'a, Result<usize, Error>>;
}

impl<M, C: Executor> FireHooks<M, C> for NoHooks {
    fn apply<'a>(
        conn: &'a mut C,
        _: &'a Fragment<'a, C::Backend>,
        update: &'a Fragment<'a, C::Backend>,
        _: bool,
    ) -> Boxed<'a, Result<usize, Error>> {
        Box::pin(async move { Ok(conn.execute(Dynamic(update)).await?) })
    }
}

impl<M, C> FireHooks<M, C> for WithHooks
where
    C: Executor,
    M: Hooks<C>
        + Row<C::Backend>
        + Selectable<C::Backend>
        + FromSqlRow<SelectionSql<M, C>, C::Backend>,
    M::SelectExpression: QueryFragment<C::Backend> + Send + Sync,
    SelectionSql<M, C>: 'static,
{
    fn apply<'a>(
        conn: &'a mut C,
        set: &'a Fragment<'a, C::Backend>,
        update: &'a Fragment<'a, C::Backend>,
        delete: bool,
    ) -> Boxed<'a, Result<usize, Error>> {
        Box::pin(async move {
            let query = LoadSet::<M, _, C> {
                selection: M::construct_selection(),
                set,
                model: Default::default(),
            };
            let rows = conn.load::<SelectionSql<M, C>, M, _>(query).await?;
            if rows.is_empty() {
                return Ok(0);
            }
            let before = if delete {
                M::before_delete(&rows, conn)
            } else {
                M::before_restore(&rows, conn)
            };
            C::wait(before).await.map_err(Error::Hook)?;
            let updated = conn.execute(Dynamic(update)).await?;
            let mut after = Vec::with_capacity(rows.len());
            for chunk in rows.chunks(CHUNK) {
                let query = LoadRows::<M, _> {
                    selection: M::construct_selection(),
                    rows: chunk,
                };
                after.extend(conn.load::<SelectionSql<M, C>, M, _>(query).await?);
            }
            let done = if delete {
                M::after_delete(&after, conn)
            } else {
                M::after_restore(&after, conn)
            };
            C::wait(done).await.map_err(Error::Hook)?;
            Ok(updated)
        })
    }
}

/// How many rows are read back by one statement: well below the number of
/// binds that every engine takes, for keys of up to four columns.
const CHUNK: usize = 200;

/// A fragment of any type, as a statement.
pub(super) struct Dynamic<'a, DB: Engine>(pub(super) &'a Fragment<'a, DB>);

impl<DB: Engine> QueryId for Dynamic<'_, DB> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB: Engine> QueryFragment<DB> for Dynamic<'_, DB> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }
}

/// `SELECT <selection> FROM .. WHERE <set> FOR UPDATE`
struct LoadSet<'a, M, S, C: Executor> {
    selection: S,
    set: &'a Fragment<'a, C::Backend>,
    model: std::marker::PhantomData<fn() -> M>,
}

impl<M, S, C: Executor> QueryId for LoadSet<'_, M, S, C> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<M, S, C> QueryFragment<C::Backend> for LoadSet<'_, M, S, C>
where
    C: Executor,
    M: Row<C::Backend>,
    S: QueryFragment<C::Backend>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, C::Backend>) -> QueryResult<()> {
        locking_read::<C::Backend>(&mut out);
        out.push_sql("SELECT ");
        self.selection.walk_ast(out.reborrow())?;
        out.push_sql(" FROM ");
        M::table().push(&mut out)?;
        out.push_sql(" WHERE ");
        self.set.walk_ast(out.reborrow())?;
        push_order::<M, C::Backend>(&mut out)?;
        if C::Backend::KIND != Kind::Sqlite {
            out.push_sql(" FOR UPDATE");
        }
        Ok(())
    }
}

/// `SELECT <selection> FROM .. WHERE <key> OR <key> ..`
struct LoadRows<'a, M, S> {
    selection: S,
    rows: &'a [M],
}

impl<M, S> QueryId for LoadRows<'_, M, S> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<M, S, DB> QueryFragment<DB> for LoadRows<'_, M, S>
where
    DB: Engine,
    M: Row<DB>,
    S: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        // As many texts as there are numbers of rows.
        out.unsafe_to_cache_prepared();
        out.push_sql("SELECT ");
        self.selection.walk_ast(out.reborrow())?;
        out.push_sql(" FROM ");
        M::table().push(&mut out)?;
        out.push_sql(" WHERE ");
        for (at, row) in self.rows.iter().enumerate() {
            out.push_sql(if at > 0 { " OR (" } else { "(" });
            row.walk_key(&mut ColumnWriter::new(out.reborrow(), Form::Equals))?;
            out.push_sql(")");
        }
        push_order::<M, DB>(&mut out)
    }
}

fn push_order<M: Row<DB>, DB: Engine>(out: &mut AstPass<'_, '_, DB>) -> QueryResult<()> {
    out.push_sql(" ORDER BY ");
    push_columns("", M::KEY_COLUMNS, out)
}
