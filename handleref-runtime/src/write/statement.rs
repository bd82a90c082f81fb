//! `UPDATE` of a set of rows, kept prepared.

use crate::engine::Engine;
use crate::sql::has_room;
use diesel::expression::{AppearsOnTable, MixedAggregates, ValidGrouping, is_aggregate};
use diesel::query_builder::{
    AsQuery, AstPass, Query, QueryBuilder, QueryFragment, QueryId, ReturningClause,
};
use diesel::query_dsl::methods::FilterDsl;
use diesel::result::QueryResult;
use diesel::sql_types::BoolOrNullableBool;
use diesel::{Expression, RunQueryDsl, SelectableExpression, Table};
use std::fmt;
use std::sync::OnceLock;

/// An `UPDATE` that raises versions; made by [`Update::set`](super::Update::set),
/// [`delete`](crate::lifecycle::delete) and [`restore`](crate::lifecycle::restore).
///
/// It is executed as Diesel's is, by Diesel or diesel-async: `execute`, and where
/// the engine has [`returning`](UpdateStatement::returning) also `get_result`,
/// `load` and the like, which give all columns if none are named.
///
/// What Diesel's is not: connections keep it prepared, but for conditions that
/// Diesel does not keep (`eq_any`, `sql`). Values that a changeset leaves out make
/// a text of their own; of one type of statement the first 100 texts are kept.
#[derive(Debug, Clone)]
#[must_use = "an update does nothing before `.execute(conn)`"]
pub struct UpdateStatement<T, W, V, R = ()> {
    table: T,
    rows: W,
    values: V,
    returning: R,
    kept: OnceLock<bool>,
}

/// What a statement assigns.
#[doc(hidden)]
pub trait Assigns<DB: Engine>: QueryFragment<DB> {
    /// Refuses what assigns nothing, or what must not be assigned; gives the text.
    fn checked(&self, backend: &DB) -> QueryResult<String> {
        text(self, backend)
    }
}

pub(crate) fn text<DB: Engine>(
    part: &(impl QueryFragment<DB> + ?Sized),
    backend: &DB,
) -> QueryResult<String> {
    let mut builder = DB::QueryBuilder::default();
    part.to_sql(&mut builder, backend)?;
    Ok(builder.finish())
}

/// The condition that a query brought along.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Rows<W>(W);

/// This condition, and another one.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct AndRows<W, P>(W, P);

/// A condition without its type; see [`UpdateStatement::into_boxed`].
#[doc(hidden)]
pub struct BoxedRows<'a, DB: Engine>(Box<dyn QueryFragment<DB> + Send + 'a>);

impl<DB: Engine> fmt::Debug for BoxedRows<'_, DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoxedRows").finish_non_exhaustive()
    }
}

/// A condition that can be narrowed.
#[doc(hidden)]
pub trait Narrow<P> {
    type Narrowed;
    fn and(self, predicate: P) -> Self::Narrowed;
}

impl<W, P> Narrow<P> for Rows<W> {
    type Narrowed = AndRows<Self, P>;
    fn and(self, predicate: P) -> Self::Narrowed {
        AndRows(self, predicate)
    }
}
impl<W, Q, P> Narrow<P> for AndRows<W, Q> {
    type Narrowed = AndRows<Self, P>;
    fn and(self, predicate: P) -> Self::Narrowed {
        AndRows(self, predicate)
    }
}
impl<'a, DB, P> Narrow<P> for BoxedRows<'a, DB>
where
    DB: Engine,
    P: QueryFragment<DB> + Send + 'a,
{
    type Narrowed = Self;
    fn and(self, predicate: P) -> Self {
        BoxedRows(Box::new(AndRows(self, predicate)))
    }
}

impl<DB: Engine, W: QueryFragment<DB>> QueryFragment<DB> for Rows<W> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }
}
impl<DB: Engine> QueryFragment<DB> for BoxedRows<'_, DB> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }
}
impl<DB, W, P> QueryFragment<DB> for AndRows<W, P>
where
    DB: Engine,
    W: QueryFragment<DB>,
    P: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let first = self.0.is_noop(out.backend())?;
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(if first { " WHERE (" } else { " AND (" });
        self.1.walk_ast(out.reborrow())?;
        out.push_sql(")");
        Ok(())
    }
}

impl<T, W, V> UpdateStatement<T, Rows<W>, V> {
    pub(crate) fn new(table: T, rows: W, values: V) -> Self {
        Self {
            table,
            rows: Rows(rows),
            values,
            returning: (),
            kept: OnceLock::new(),
        }
    }
}

impl<T, W, V, R> UpdateStatement<T, W, V, R> {
    /// Which rows, and what is assigned.
    pub(crate) fn into_parts(self) -> (W, V) {
        (self.rows, self.values)
    }

    /// Only those rows for which this holds as well.
    pub fn filter<P>(self, predicate: P) -> <Self as FilterDsl<P>>::Output
    where
        Self: FilterDsl<P>,
    {
        FilterDsl::filter(self, predicate)
    }

    /// A statement whose type stays the same when conditions are added; for
    /// conditions that depend on something.
    pub fn into_boxed<'a, DB>(self) -> UpdateStatement<T, BoxedRows<'a, DB>, V, R>
    where
        DB: Engine,
        W: QueryFragment<DB> + Send + 'a,
    {
        UpdateStatement {
            table: self.table,
            rows: BoxedRows(Box::new(self.rows)),
            values: self.values,
            returning: self.returning,
            kept: OnceLock::new(),
        }
    }
}

impl<T: Table, W, V> UpdateStatement<T, W, V> {
    /// What is given back of each row, as in
    /// [Diesel](diesel::query_builder::UpdateStatement::returning).
    pub fn returning<E>(self, columns: E) -> UpdateStatement<T, W, V, ReturningClause<E>>
    where
        UpdateStatement<T, W, V, ReturningClause<E>>: Query,
    {
        UpdateStatement {
            table: self.table,
            rows: self.rows,
            values: self.values,
            returning: ReturningClause(columns),
            kept: OnceLock::new(),
        }
    }
}

impl<T, W, V, R, P> FilterDsl<P> for UpdateStatement<T, W, V, R>
where
    T: Table,
    W: Narrow<P>,
    P: AppearsOnTable<T> + Expression<SqlType: BoolOrNullableBool>,
{
    type Output = UpdateStatement<T, W::Narrowed, V, R>;
    fn filter(self, predicate: P) -> Self::Output {
        UpdateStatement {
            table: self.table,
            rows: self.rows.and(predicate),
            values: self.values,
            returning: self.returning,
            kept: OnceLock::new(),
        }
    }
}

impl<T, W, V, R, DB> QueryFragment<DB> for UpdateStatement<T, W, V, R>
where
    DB: Engine,
    T: Table<FromClause: QueryFragment<DB>>,
    W: QueryFragment<DB>,
    V: Assigns<DB>,
    R: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        if !self.is_kept(out.backend())? {
            out.unsafe_to_cache_prepared();
        }
        out.push_sql("UPDATE ");
        // A name has no binds, for which what is made here would not live long enough.
        out.push_sql(&text(&self.table.from_clause(), out.backend())?);
        out.push_sql(" SET ");
        self.values.walk_ast(out.reborrow())?;
        self.rows.walk_ast(out.reborrow())?;
        self.returning.walk_ast(out)
    }
}

impl<T, W, V, R> UpdateStatement<T, W, V, R> {
    /// Found once, though a statement is walked through several times.
    fn is_kept<DB>(&self, backend: &DB) -> QueryResult<bool>
    where
        DB: Engine,
        T: Table<FromClause: QueryFragment<DB>>,
        W: QueryFragment<DB>,
        V: Assigns<DB>,
        R: QueryFragment<DB>,
    {
        if let Some(kept) = self.kept.get() {
            return Ok(*kept);
        }
        let mut statement = self.values.checked(backend)?;
        let parts: [&dyn QueryFragment<DB>; 3] = [&self.values, &self.rows, &self.returning];
        let mut kept = true;
        for part in parts {
            kept &= part.is_safe_to_cache_prepared(backend)?;
        }
        if kept {
            statement += &text(&self.rows, backend)?;
            statement += &text(&self.returning, backend)?;
            kept = has_room(std::any::type_name::<(Self, DB)>(), &statement);
        }
        Ok(*self.kept.get_or_init(|| kept))
    }
}

impl<T, W, V, R> QueryId for UpdateStatement<T, W, V, R> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<T, W, V, E> Query for UpdateStatement<T, W, V, ReturningClause<E>>
where
    T: Table,
    E: SelectableExpression<T> + ValidGrouping<()>,
    E::IsAggregate: MixedAggregates<is_aggregate::No, Output = is_aggregate::No>,
{
    type SqlType = E::SqlType;
}

impl<T, W, V> AsQuery for UpdateStatement<T, W, V>
where
    T: Table,
    UpdateStatement<T, W, V, ReturningClause<T::AllColumns>>: Query,
{
    type SqlType = <Self::Query as Query>::SqlType;
    type Query = UpdateStatement<T, W, V, ReturningClause<T::AllColumns>>;

    fn as_query(self) -> Self::Query {
        self.returning(T::all_columns())
    }
}

impl<T, W, V, R, Conn> RunQueryDsl<Conn> for UpdateStatement<T, W, V, R> {}
