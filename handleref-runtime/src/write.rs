//! `update`: an `UPDATE` with the version and `updated_at` written in.

mod assigned;
mod changed;
mod mark;
mod statement;

#[doc(hidden)]
pub use assigned::Assigned;
pub(crate) use assigned::Checked;
#[doc(hidden)]
pub use mark::WalkStatus;
pub use mark::{Mark, NoStatus, StatusOf};
pub use statement::UpdateStatement;
pub(crate) use statement::text;
#[doc(hidden)]
pub use statement::{AndRows, Assigns, BoxedRows, Rows};

use crate::engine::Engine;
use crate::model::{HandleRef, Managed};
use crate::sql::{Raw, quoted, raw};
use diesel::associations::HasTable;
use diesel::query_builder::{
    AsChangeset, AstPass, IntoUpdateTarget, QueryBuilder, QueryFragment, QueryId,
};
use diesel::result::QueryResult;
use std::marker::PhantomData;

/// Starts an `UPDATE` that raises the version by one and stamps `updated_at`,
/// in the same statement and once for all its rows.
///
/// `target` is what [`diesel::update`] takes: a table, a filtered query or an
/// `Identifiable` struct. What [`set`](Update::set) returns is an
/// [`UpdateStatement`], which Diesel or diesel-async executes.
///
/// A row that holds the values already keeps its version and `updated_at`, and leaves
/// no record; it is counted and returned as the others are. What cannot be told apart
/// from a change is one: an expression (`count.eq(count + 1)`), JSON in another spelling,
/// a value that the column rounds.
///
/// Of one row that a client has read before, [`expect_version`](UpdateStatement::expect_version)
/// tells whether it was changed meanwhile.
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
    /// that holds [`Error::ManagedColumn`](crate::error::Error::ManagedColumn), before anything is sent. In a
    /// struct that derives `AsChangeset`, mark them with `#[diesel(skip_update)]`.
    ///
    /// A changeset that assigns nothing (all of it `None`) is Diesel's error
    /// [`EmptyChangeset`](diesel::result::EmptyChangeset), which its
    /// `optional_empty_changeset` turns into `None`; no version is made.
    /// With [`expect_version`](UpdateStatement::expect_version) it is
    /// [`Unchanged`](crate::row::Outcome::Unchanged).
    pub fn set<V>(self, values: V) -> Set<T, V, M>
    where
        V: AsChangeset<Target = T::Table>,
    {
        written(self.target, Assigned::new(values.as_changeset()))
    }
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
        self.walk_if(None, &mut out)?;
        Ok(())
    }
}

impl<M> Bump<M> {
    /// Only of rows of which this is true; gives the number of assignments.
    fn walk_if<DB>(
        &self,
        changed: Option<&Raw>,
        out: &mut AstPass<'_, '_, DB>,
    ) -> QueryResult<usize>
    where
        M: HandleRef<Table: TableName<DB>>,
        DB: Engine,
    {
        // With its table: in `ON CONFLICT DO UPDATE` a bare name on the
        // right side is ambiguous between the row and the proposed one.
        let table = M::table().quoted()?;
        let held = |name| raw!("{table}.{}", [quoted(DB::KIND, name)], table);
        let mut written = 0;
        for (name, value) in M::ROLES.bump(DB::KIND, M::NAME, held) {
            out.push_sql(if written > 0 { ", " } else { "" });
            out.push_identifier(name)?;
            out.push_sql(" = ");
            match changed {
                Some(changed) => out.push_sql(&raw!(
                    "CASE WHEN {changed} THEN {value} ELSE {} END",
                    [held(name)],
                    changed,
                    value
                )),
                None => out.push_sql(&value),
            }
            written += 1;
        }
        Ok(written)
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
