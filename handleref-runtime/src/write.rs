//! `update`: an `UPDATE` with the version and `updated_at` written in.

mod statement;

pub use statement::UpdateStatement;
use statement::text;
#[doc(hidden)]
pub use statement::{AndRows, Assigns, BoxedRows, Rows};

use crate::engine::Engine;
use crate::error::Error;
use crate::model::{HandleRef, Managed, SoftDelete};
use crate::sql::{Raw, push_now, quoted, raw};
use diesel::associations::HasTable;
use diesel::query_builder::{
    AsChangeset, AstPass, IntoUpdateTarget, QueryBuilder, QueryFragment, QueryId,
};
use diesel::result::QueryResult;
use diesel::serialize::ToSql;
use diesel::sql_types::HasSqlType;
use diesel::{Column, Expression};
use std::marker::PhantomData;

/// Starts an `UPDATE` that raises the version by one and stamps `updated_at`,
/// in the same statement and once for all its rows.
///
/// `target` is what [`diesel::update`] takes: a table, a filtered query or an
/// `Identifiable` struct. What [`set`](Update::set) returns is an
/// [`UpdateStatement`], which Diesel or diesel-async executes.
///
/// Every row that the statement touches counts as changed, whether or not its
/// values differ. To write only what differs, use
/// [`RowDsl::save`](crate::row::RowDsl::save).
pub fn update<T, M>(target: T) -> Update<T, M>
where
    T: IntoUpdateTarget,
    T::Table: Managed<M>,
    M: HandleRef,
{
    Update {
        target,
        model: PhantomData,
    }
}

/// An `UPDATE` without its `SET`; see [`update`].
#[derive(Debug, Clone)]
#[must_use = "an update does nothing before `.set(..)` and `.execute(conn)`"]
pub struct Update<T, M> {
    target: T,
    model: PhantomData<M>,
}

/// The statement that [`Update::set`] returns.
pub type Set<T, V, M> = Written<T, Assigned<<V as AsChangeset>::Changeset, M>>;

/// `UPDATE <T> SET <C>`
pub(crate) type Written<T, C> =
    UpdateStatement<<T as HasTable>::Table, Rows<<T as IntoUpdateTarget>::WhereClause>, C>;

pub(crate) fn written<T: IntoUpdateTarget, C>(target: T, values: C) -> Written<T, C> {
    let target = target.into_update_target();
    UpdateStatement::new(target.table, target.where_clause, values)
}

impl<T, M> Update<T, M>
where
    T: IntoUpdateTarget<Table: diesel::Table>,
    M: HandleRef<Table = T::Table>,
{
    /// What to write: whatever Diesel's `set` takes.
    ///
    /// The columns that handleref manages (version, `created_at`, `updated_at`,
    /// `deleted_at`) must not be among them; a changeset that assigns one is
    /// refused by a [`QueryBuilderError`](diesel::result::Error::QueryBuilderError)
    /// that holds [`Error::ManagedColumn`], before anything is sent. In a
    /// struct that derives `AsChangeset`, mark them with `#[diesel(skip_update)]`.
    ///
    /// A changeset that assigns nothing (all of it `None`) is Diesel's error
    /// [`EmptyChangeset`](diesel::result::EmptyChangeset), which its
    /// `optional_empty_changeset` turns into `None`; no version is made.
    pub fn set<V>(self, values: V) -> Set<T, V, M>
    where
        V: AsChangeset<Target = T::Table>,
    {
        written(self.target, Assigned::new(values.as_changeset()))
    }
}

/// A changeset of the user, and what every change writes.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Assigned<V, M>(V, Bump<M>);

impl<V, M> Assigned<V, M> {
    pub(crate) fn new(values: V) -> Self {
        Self(values, Bump::new())
    }
}

impl<V, M, DB> QueryFragment<DB> for Assigned<V, M>
where
    V: QueryFragment<DB>,
    M: HandleRef<Table: TableName<DB>>,
    DB: Engine,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(match self.1.is_noop(out.backend())? {
            true => "",
            false => ", ",
        });
        self.1.walk_ast(out)
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
        if self.0.is_noop(backend)? {
            let empty = Box::new(diesel::result::EmptyChangeset);
            return Err(diesel::result::Error::QueryBuilderError(empty));
        }
        refuse_managed::<M, DB>(&self.0, backend)
    }
}

impl<M, DB, const DELETE: bool> Assigns<DB> for Mark<M, DELETE>
where
    M: SoftDelete<Table: TableName<DB>, Status: WalkStatus<DB>>,
    DB: Engine,
{
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

/// `version = version + 1, updated_at = now`, as far as the model has them.
#[derive(Debug)]
pub struct Bump<M>(PhantomData<M>);

impl<M> Bump<M> {
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }
}
impl<M> Clone for Bump<M> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<M> Copy for Bump<M> {}

impl<M: 'static> QueryId for Bump<M> {
    type QueryId = Self;
}

/// For `insert .. on conflict do update`: `.set((title.eq(..), handleref::bump::<Article>()))`
/// raises the version and stamps `updated_at` of the row that was there.
pub fn bump<M: HandleRef>() -> Bump<M> {
    Bump::new()
}

impl<M: HandleRef> AsChangeset for Bump<M> {
    type Target = M::Table;
    type Changeset = Self;
    fn as_changeset(self) -> Self {
        self
    }
}

impl<M, DB> QueryFragment<DB> for Bump<M>
where
    M: HandleRef<Table: TableName<DB>>,
    DB: Engine,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        // With its table: in `ON CONFLICT DO UPDATE` a bare name on the
        // right side is ambiguous between the row and the proposed one.
        let table = M::table().quoted()?;
        let held = |name| raw!("{table}.{}", [quoted(DB::KIND, name)], table);
        for (at, (name, value)) in M::ROLES.bump(DB::KIND, M::NAME, held).enumerate() {
            out.push_sql(if at > 0 { ", " } else { "" });
            out.push_identifier(name)?;
            out.push_sql(" = ");
            out.push_sql(&value);
        }
        Ok(())
    }
}

/// A table whose name can be written; every table of `diesel::table!` is one.
#[doc(hidden)]
pub trait TableName<DB: Engine> {
    /// The name as a statement writes it: quoted, with its schema if it has one.
    fn quoted(&self) -> QueryResult<Raw>;

    fn push(&self, out: &mut AstPass<'_, '_, DB>) -> QueryResult<()> {
        out.push_sql(&self.quoted()?);
        Ok(())
    }
}

impl<T, DB> TableName<DB> for T
where
    T: diesel::QuerySource<FromClause: QueryFragment<DB>>,
    DB: Engine,
{
    fn quoted(&self) -> QueryResult<Raw> {
        // Rendered apart, because a clause made here does not live as long as
        // the binds that `out` may collect; a table's name has none.
        let mut sql = DB::QueryBuilder::default();
        self.from_clause().to_sql(&mut sql, &DB::default())?;
        Ok(Raw::of_diesel(sql.finish()))
    }
}

/// Marks rows as deleted (`DELETE`) or as live again, and bumps them.
#[derive(Debug)]
pub struct Mark<M: SoftDelete, const DELETE: bool> {
    status: M::Status,
    bump: Bump<M>,
}

impl<M: SoftDelete, const DELETE: bool> Mark<M, DELETE> {
    pub(crate) fn new() -> Self {
        Self {
            status: M::status(),
            bump: Bump::new(),
        }
    }
}

impl<M: SoftDelete, const DELETE: bool> AsChangeset for Mark<M, DELETE> {
    type Target = M::Table;
    type Changeset = Self;
    fn as_changeset(self) -> Self {
        self
    }
}

impl<M, DB, const DELETE: bool> QueryFragment<DB> for Mark<M, DELETE>
where
    M: SoftDelete<Table: TableName<DB>, Status: WalkStatus<DB>>,
    DB: Engine,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.status.walk_assignment(DELETE, &mut out)?;
        if let Some((deleted_at, kind)) = M::ROLES.deleted_at {
            if M::ROLES.status.is_some() {
                out.push_sql(", ");
            }
            out.push_identifier(deleted_at)?;
            out.push_sql(" = ");
            if DELETE {
                push_now(kind, &mut out);
            } else {
                out.push_sql("NULL");
            }
        }
        if M::ROLES.version.is_some() || M::ROLES.updated_at.is_some() {
            out.push_sql(", ");
        }
        self.bump.walk_ast(out)
    }
}

/// The status of a model that has none.
#[derive(Debug, Clone, Copy)]
pub struct NoStatus;

/// The status column of a model, with the value of a deleted row and the one
/// that a restore writes.
#[derive(Debug, Clone, Copy)]
pub struct StatusOf<C, V> {
    /// The value of a deleted row.
    pub deleted: V,
    /// The value that a restore writes.
    pub live: V,
    column: PhantomData<fn() -> C>,
}

impl<C, V> StatusOf<C, V> {
    /// The two values.
    pub fn new(deleted: V, live: V) -> Self {
        Self {
            deleted,
            live,
            column: PhantomData,
        }
    }
}

/// Writes the status assignment of a soft delete or a restore.
#[doc(hidden)]
pub trait WalkStatus<DB: Engine> {
    fn walk_assignment<'b>(
        &'b self,
        delete: bool,
        out: &mut AstPass<'_, 'b, DB>,
    ) -> QueryResult<()>;
}

impl<DB: Engine> WalkStatus<DB> for NoStatus {
    fn walk_assignment<'b>(&'b self, _: bool, _: &mut AstPass<'_, 'b, DB>) -> QueryResult<()> {
        Ok(())
    }
}

impl<DB, C, V> WalkStatus<DB> for StatusOf<C, V>
where
    DB: Engine + HasSqlType<<C as Expression>::SqlType>,
    C: Column,
    V: ToSql<<C as Expression>::SqlType, DB>,
{
    fn walk_assignment<'b>(
        &'b self,
        delete: bool,
        out: &mut AstPass<'_, 'b, DB>,
    ) -> QueryResult<()> {
        out.push_identifier(C::NAME)?;
        out.push_sql(" = ");
        out.push_bind_param::<C::SqlType, V>(if delete { &self.deleted } else { &self.live })
    }
}
