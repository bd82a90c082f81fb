//! What a user's changeset assigns, and what every change writes beside it.

use super::statement::{Assigns, text};
use super::{Bump, TableName, changed};
use crate::engine::{Engine, Kind};
use crate::error::Error;
use crate::model::HandleRef;
use crate::sql::Raw;
use diesel::query_builder::{AsChangeset, AstPass, QueryBuilder, QueryFragment};
use diesel::result::QueryResult;
use std::marker::PhantomData;
use std::sync::OnceLock;

/// A changeset of the user, and what every change writes.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub struct Assigned<V, M> {
    values: V,
    bump: Bump<M>,
    /// [`differs`](changed::differs) for the engine, once it was asked for.
    changed: OnceLock<(Kind, Option<Raw>)>,
}

impl<V, M> Assigned<V, M> {
    pub(crate) fn new(values: V) -> Self {
        Self {
            values,
            bump: Bump::new(),
            changed: OnceLock::new(),
        }
    }
}

impl<V, M> Assigned<V, M> {
    /// Whether a row holds other values than these; `None` if that cannot be asked.
    fn changed<DB>(&self, backend: &DB) -> QueryResult<Option<&Raw>>
    where
        V: QueryFragment<DB>,
        M: HandleRef<Table: TableName<DB>>,
        DB: Engine,
    {
        let changed = match self.changed.get() {
            Some(changed) => changed,
            None => {
                let names = changed::plain::<DB>(&text(&self.values, backend)?);
                let table = M::table().quoted()?;
                let differs = names.map(|names| changed::differs(DB::KIND, &table, &names));
                self.changed.get_or_init(|| (DB::KIND, differs))
            }
        };
        // Else it was written for another engine, as `debug_query` may.
        Ok(changed.1.as_ref().filter(|_| changed.0 == DB::KIND))
    }
}

impl<V, M> Assigned<V, M> {
    /// The assignments, with a new version in any case.
    pub(crate) fn walk_always<'b, DB>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()>
    where
        V: QueryFragment<DB>,
        M: HandleRef<Table: TableName<DB>>,
        DB: Engine,
    {
        self.values.walk_ast(out.reborrow())?;
        out.push_sql(", ");
        self.bump.walk_ast(out)
    }

    /// ` AND <something differs>`, if that can be asked, at the end of a statement.
    pub(crate) fn walk_changed<'b, DB>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()>
    where
        V: QueryFragment<DB>,
        M: HandleRef<Table: TableName<DB>>,
        DB: Engine,
    {
        if let Some(changed) = self.changed(out.backend())? {
            out.push_sql(" AND ");
            out.push_sql(changed);
            changed::bind_again(&self.values, &mut out)?;
        }
        Ok(())
    }
}

impl<V, M, DB> QueryFragment<DB> for Assigned<V, M>
where
    V: QueryFragment<DB>,
    M: HandleRef<Table: TableName<DB>>,
    DB: Engine,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        if M::ROLES.version.is_none() && M::ROLES.updated_at.is_none() {
            return self.values.walk_ast(out);
        }
        let changed = self.changed(out.backend())?;
        if DB::KIND == Kind::Mysql && changed.is_some() {
            // Assignments are made in turn there: afterwards nothing differs.
            for _ in 0..self.bump.walk_if(changed, &mut out)? {
                changed::bind_again(&self.values, &mut out)?;
            }
            out.push_sql(", ");
            return self.values.walk_ast(out);
        }
        self.values.walk_ast(out.reborrow())?;
        out.push_sql(", ");
        self.bump.walk_if(changed, &mut out)?;
        Ok(())
    }
}

impl<V, M, DB> Assigns<DB> for Assigned<V, M>
where
    V: QueryFragment<DB>,
    M: HandleRef<Table: TableName<DB>>,
    DB: Engine,
{
    fn checked(&self, backend: &DB) -> QueryResult<String> {
        // A version that changes nothing would be one too many.
        if self.values.is_noop(backend)? {
            let empty = Box::new(diesel::result::EmptyChangeset);
            return Err(diesel::result::Error::QueryBuilderError(empty));
        }
        refuse_managed::<M, DB>(&self.values, backend)
    }
}

/// A changeset of the user that assigns no managed column.
#[derive(Debug, Clone, Copy)]
pub struct Checked<V, M> {
    values: V,
    model: PhantomData<fn() -> M>,
}

impl<V, M> Checked<V, M> {
    pub(crate) fn new(values: V) -> Self {
        Self {
            values,
            model: PhantomData,
        }
    }
}

impl<V, M: HandleRef> AsChangeset for Checked<V, M> {
    type Target = M::Table;
    type Changeset = Self;
    fn as_changeset(self) -> Self {
        self
    }
}

impl<V, M, DB> QueryFragment<DB> for Checked<V, M>
where
    V: QueryFragment<DB>,
    M: HandleRef,
    DB: Engine,
{
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        refuse_managed::<M, DB>(&self.values, out.backend())?;
        self.values.walk_ast(out)
    }
}

/// Refuses an assignment of a managed column, and gives the text. Engines differ in
/// what two assignments of one column mean (an error, the last one, both in turn),
/// and on MySQL a version could fall.
fn refuse_managed<M: HandleRef, DB: Engine>(
    values: &impl QueryFragment<DB>,
    backend: &DB,
) -> QueryResult<String> {
    let sql = text(values, backend)?;
    match assigned::<DB>(&sql, M::ROLES.managed())? {
        None => Ok(sql),
        Some(column) => Err(Error::ManagedColumn {
            model: M::NAME,
            column,
        }
        .into()),
    }
}

/// The first of `columns` that a text assigns. An assignment is the only place
/// where Diesel writes a column without its table.
fn assigned<DB: Engine>(
    sql: &str,
    columns: impl Iterator<Item = &'static str>,
) -> QueryResult<Option<&'static str>> {
    for column in columns {
        let mut quoted = DB::QueryBuilder::default();
        quoted.push_identifier(column)?;
        let assignment = quoted.finish() + " = ";
        let found = sql
            .match_indices(&assignment)
            .any(|(at, _)| at == 0 || sql[..at].ends_with(", "));
        if found {
            return Ok(Some(column));
        }
    }
    Ok(None)
}
