//! The update of a set, between the hooks of its model.

use super::set::{Change, Read, Set};
use super::statements::{Update, push_verb};
use super::{Boxed, push_columns};
use crate::engine::{Engine, Fragment, Kind, fails_late, other_engine};
use crate::error::Error;
use crate::hooks::{Hooks, NoHooks, WithHooks};
use crate::key::Key;
use crate::row::{ColumnWriter, Row, SelectionSql, columns::Form};
use crate::session::{Executor, Session};
use crate::sql::Sql;
use crate::write::TableName;
use diesel::Selectable;
use diesel::deserialize::FromSqlRow;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::QueryResult;
use std::collections::HashSet;
use std::marker::PhantomData;

/// How a set of `M` is updated on `C`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the lifecycle hooks of `{M}` cannot run on `{C}`",
    note = "`#[handleref(hooks)]` asks for `impl handleref::Hooks<{C}> for {M}`, and for `Selectable` and `Queryable` to load the rows"
)]
pub trait FireHooks<M, C: Executor> {
    /// Whether code of the user runs.
    const FIRES: bool;
    /// Executes `update`, and gives the number of rows.
    fn apply<'a>(
        conn: &'a mut dyn Session,
        update: &'a Update<'a>,
    ) -> Boxed<'a, Result<usize, Error>>;
}

impl<M, C: Executor> FireHooks<M, C> for NoHooks {
    const FIRES: bool = false;

    fn apply<'a>(
        conn: &'a mut dyn Session,
        update: &'a Update<'a>,
    ) -> Boxed<'a, Result<usize, Error>> {
        quietly(conn, update)
    }
}

fn quietly<'a>(
    conn: &'a mut dyn Session,
    update: &'a Update<'a>,
) -> Boxed<'a, Result<usize, Error>> {
    Box::pin(async move { Ok(conn.execute(Sql::every(update)).await?) })
}

/// Hooks take the connection of the program. A cascade knows it as a session.
fn known<C: Executor + 'static>(conn: &mut dyn Session) -> Result<&mut C, Error> {
    let known = conn.any().downcast_mut::<C>();
    known.ok_or_else(|| other_engine().into())
}

impl<M, C> FireHooks<M, C> for WithHooks
where
    C: Executor + 'static,
    M: Hooks<C>
        + Row<C::Engine>
        + Selectable<C::Engine>
        + FromSqlRow<SelectionSql<M, C::Engine>, C::Engine>,
    M::SelectExpression: QueryFragment<C::Engine> + Send + Sync,
    SelectionSql<M, C::Engine>: 'static,
{
    const FIRES: bool = true;

    fn apply<'a>(
        conn: &'a mut dyn Session,
        update: &'a Update<'a>,
    ) -> Boxed<'a, Result<usize, Error>> {
        Box::pin(async move {
            let delete = update.set.change == Change::Delete;
            let interfered = || Error::Interfered { model: M::NAME };
            let (mut rows, mut seen) = (Vec::<M>::new(), HashSet::new());
            // Again until nothing new comes: a hook may add to the set. What the
            // user named is what it was when the operation began.
            let once = update.set.once || update.set.is_named();
            for round in 0..=ROUNDS {
                let query = LoadSet::<M, _> {
                    selection: M::construct_selection(),
                    set: update.set,
                    model: PhantomData,
                };
                let mut found = load::<M, C::Engine>(conn, &query).await?;
                found.retain(|row| seen.insert(row.key().text()));
                if found.is_empty() {
                    break;
                }
                if round == ROUNDS {
                    return Err(interfered());
                }
                let hooked = known::<C>(conn)?;
                let before = if delete {
                    M::before_delete(&found, hooked)
                } else {
                    M::before_restore(&found, hooked)
                };
                C::wait(before).await.map_err(Error::Hook)?;
                rows.append(&mut found);
                if once {
                    break;
                }
            }
            if rows.is_empty() {
                return Ok(0);
            }
            // By their keys: a hook may have changed what the set is described by.
            let mut updated = 0;
            for rows in rows.chunks(CHUNK) {
                let update = UpdateRows { update, rows };
                let sql = Sql::new("").part::<C::Engine>(&update);
                updated += conn.execute(sql).await?;
            }
            if updated < rows.len() {
                return Err(interfered());
            }
            let mut after = Vec::with_capacity(rows.len());
            for chunk in rows.chunks(CHUNK) {
                let query = LoadRows::<M, _> {
                    selection: M::construct_selection(),
                    rows: chunk,
                };
                after.extend(load::<M, C::Engine>(conn, &query).await?);
            }
            let hooked = known::<C>(conn)?;
            let done = if delete {
                M::after_delete(&after, hooked)
            } else {
                M::after_restore(&after, hooked)
            };
            C::wait(done).await.map_err(Error::Hook)?;
            Ok(updated)
        })
    }
}

async fn load<M, DB>(conn: &mut dyn Session, query: &Fragment<'_, DB>) -> QueryResult<Vec<M>>
where
    DB: Engine,
    M: Selectable<DB> + FromSqlRow<SelectionSql<M, DB>, DB> + Send,
{
    let sql = Sql::new("").part::<DB>(query);
    conn.typed::<DB, SelectionSql<M, DB>, M>(sql).await
}

/// How often hooks may add rows to the set that they are called for.
const ROUNDS: usize = 8;

/// How many rows are named by one statement: well below the number of
/// binds that every engine takes, for keys of up to four columns.
const CHUNK: usize = 200;

/// `SELECT <selection> FROM <set> FOR UPDATE`
struct LoadSet<'a, M, S> {
    selection: S,
    set: &'a Set<'a>,
    model: PhantomData<fn() -> M>,
}

impl<M, S, DB> QueryFragment<DB> for LoadSet<'_, M, S>
where
    DB: Engine,
    M: Row<DB>,
    S: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        fails_late::<DB>(&mut out);
        push_verb::<DB>("SELECT", self.set.is_recursive(), &mut out);
        self.selection.walk_ast(out.reborrow())?;
        out.push_sql(" FROM ");
        self.set.walk_rows(Read::Current, out.reborrow())?;
        push_order::<M, DB>(&mut out)?;
        if DB::KIND != Kind::Sqlite {
            out.push_sql(" FOR UPDATE");
        }
        Ok(())
    }
}

/// `UPDATE .. SET <mark> WHERE (<key> OR <key> ..) AND <state>`
struct UpdateRows<'a, M> {
    update: &'a Update<'a>,
    rows: &'a [M],
}

impl<M, DB> QueryFragment<DB> for UpdateRows<'_, M>
where
    DB: Engine,
    M: Row<DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        // As many texts as there are numbers of rows.
        out.unsafe_to_cache_prepared();
        out.push_sql("UPDATE ");
        M::table().push(&mut out)?;
        out.push_sql(" SET ");
        self.update.walk_assignments(out.reborrow())?;
        out.push_sql(" WHERE (");
        push_keys(self.rows, &mut out)?;
        out.push_sql(") AND ");
        DB::own(self.update.set.state())?.walk_ast(out)
    }
}

/// `SELECT <selection> FROM .. WHERE <key> OR <key> ..`
struct LoadRows<'a, M, S> {
    selection: S,
    rows: &'a [M],
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
        push_keys(self.rows, &mut out)?;
        push_order::<M, DB>(&mut out)
    }
}

/// `(<key>) OR (<key>) ..`
fn push_keys<'b, M: Row<DB>, DB: Engine>(
    rows: &'b [M],
    out: &mut AstPass<'_, 'b, DB>,
) -> QueryResult<()> {
    for (at, row) in rows.iter().enumerate() {
        out.push_sql(if at > 0 { " OR (" } else { "(" });
        row.walk_key(&mut ColumnWriter::new(out.reborrow(), Form::Equals))?;
        out.push_sql(")");
    }
    Ok(())
}

fn push_order<M: Row<DB>, DB: Engine>(out: &mut AstPass<'_, '_, DB>) -> QueryResult<()> {
    out.push_sql(" ORDER BY ");
    push_columns("", M::KEY_COLUMNS, out)
}
