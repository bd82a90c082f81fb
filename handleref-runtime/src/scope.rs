//! Bounds and scopes on queries that exist already.

use crate::bound::{Bound, walk_detached};
use crate::engine::Engine;
use crate::model::{HandleRef, Managed, SoftDelete, Timestamped};
use crate::sql::push_now;
use crate::time::TimeSqlType;
use diesel::dsl::{Filter, Select};
use diesel::expression::{
    AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate,
};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::query_dsl::methods::{FilterDsl, SelectDsl};
use diesel::result::QueryResult;
use diesel::sql_types::Nullable;
use std::marker::PhantomData;

/// The type of [`HandleRef::undeleted`]; for `base_query_type` of `HasQuery`
/// and for signatures.
pub type Undeleted<M> = Filter<<M as HandleRef>::Table, <M as SoftDelete>::Live>;
/// The type of [`HandleRef::deleted`].
pub type Deleted<M> = Filter<<M as HandleRef>::Table, <M as SoftDelete>::Deleted>;
/// The type of [`HandleRef::since`].
pub type Since<M, B> = Filter<<M as HandleRef>::Scope, <B as Bound<M>>::After>;

/// `since`, `until`, `undeleted`, `deleted` and `last_change` on any query over
/// one table.
///
/// A joined query has no single table to ask, and nor has an alias; filter it by
/// [`HandleRef::changed_after`], [`HandleRef::changed_until`] and
/// [`SoftDelete::is_live`], which are ordinary conditions.
pub trait ChangesDsl<M: HandleRef>: diesel::QueryDsl + Managed<M> + Sized {
    /// Only rows that changed after `bound`; see [`HandleRef::since`].
    fn since<B>(self, bound: B) -> Filter<Self, B::After>
    where
        B: Bound<M>,
        Self: FilterDsl<B::After>,
    {
        FilterDsl::filter(self, bound.after())
    }

    /// Only rows that did not change after `bound`; see [`HandleRef::until`].
    fn until<B>(self, bound: B) -> Filter<Self, B::Until>
    where
        B: Bound<M>,
        Self: FilterDsl<B::Until>,
    {
        FilterDsl::filter(self, bound.until())
    }

    /// Only live rows.
    fn undeleted(self) -> Filter<Self, M::Live>
    where
        M: SoftDelete,
        Self: FilterDsl<M::Live>,
    {
        FilterDsl::filter(self, M::is_live())
    }

    /// Only soft-deleted rows.
    fn deleted(self) -> Filter<Self, M::Deleted>
    where
        M: SoftDelete,
        Self: FilterDsl<M::Deleted>,
    {
        FilterDsl::filter(self, M::is_deleted())
    }

    /// The newest creation or change among these rows; a query of one
    /// `Option`, `None` if there are no rows.
    fn last_change(self) -> Select<Self, LastChange<M>>
    where
        M: Timestamped,
        Self: SelectDsl<LastChange<M>>,
    {
        SelectDsl::select(self, LastChange::new())
    }
}

impl<Q, M> ChangesDsl<M> for Q
where
    Q: Managed<M> + diesel::QueryDsl,
    M: HandleRef,
{
}

/// The database's clock, as a value of the model's timestamps: what handleref
/// stamps rows with, and so what `since` should be given.
///
/// ```text
/// let bound: NaiveDateTime = diesel::select(handleref::now::<Article>()).get_result(conn)?;
/// ```
///
/// It is in UTC; see [`time`](crate::time) for the clock of each engine.
pub fn now<M: Timestamped>() -> Now<M> {
    Now(PhantomData)
}

/// See [`now`].
#[derive(Debug)]
pub struct Now<M>(PhantomData<M>);

impl<M> Clone for Now<M> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<M> Copy for Now<M> {}
impl<M: 'static> QueryId for Now<M> {
    type QueryId = Self;
}
impl<M: Timestamped> Expression for Now<M> {
    type SqlType = <M::TimeSql as TimeSqlType>::Plain;
}
impl<M: Timestamped, DB: Engine> QueryFragment<DB> for Now<M> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        push_now(<M::TimeSql as TimeSqlType>::KIND, &mut out);
        Ok(())
    }
}
impl<M: Timestamped, QS> AppearsOnTable<QS> for Now<M> {}
impl<M: Timestamped, QS> SelectableExpression<QS> for Now<M> {}
impl<M, GB> ValidGrouping<GB> for Now<M> {
    type IsAggregate = is_aggregate::Never;
}

/// The newest of two timestamp columns over a set of rows.
#[derive(Debug)]
pub struct LastChange<M>(PhantomData<M>);

impl<M> LastChange<M> {
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }
}
impl<M> Clone for LastChange<M> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<M> Copy for LastChange<M> {}

impl<M: 'static> QueryId for LastChange<M> {
    type QueryId = Self;
}
impl<M: Timestamped> Expression for LastChange<M> {
    type SqlType = Nullable<<M::TimeSql as TimeSqlType>::Plain>;
}
impl<M, DB> QueryFragment<DB> for LastChange<M>
where
    M: Timestamped,
    M::Created: QueryFragment<DB>,
    M::Updated: QueryFragment<DB>,
    DB: Engine,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        // The engines disagree on nulls in GREATEST and scalar MAX.
        let (created, updated) = (M::Created::default(), M::Updated::default());
        out.push_sql("CASE WHEN max(");
        walk_detached(&created, &mut out)?;
        out.push_sql(") IS NULL OR max(");
        walk_detached(&updated, &mut out)?;
        out.push_sql(") > max(");
        walk_detached(&created, &mut out)?;
        out.push_sql(") THEN max(");
        walk_detached(&updated, &mut out)?;
        out.push_sql(") ELSE max(");
        walk_detached(&created, &mut out)?;
        out.push_sql(") END");
        Ok(())
    }
}
impl<M, QS> AppearsOnTable<QS> for LastChange<M>
where
    M: Timestamped,
    M::Created: AppearsOnTable<QS>,
    M::Updated: AppearsOnTable<QS>,
{
}
impl<M, QS> SelectableExpression<QS> for LastChange<M>
where
    M: Timestamped,
    M::Created: SelectableExpression<QS>,
    M::Updated: SelectableExpression<QS>,
{
}
impl<M, GB> ValidGrouping<GB> for LastChange<M> {
    type IsAggregate = is_aggregate::Yes;
}
