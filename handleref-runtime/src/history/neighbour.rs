//! The records before and after one.

use super::columns::RecordId;
use super::condition::condition;
use super::model::{RecordSource, Recorded};
use super::row::Record;
use crate::engine::Engine;
use diesel::ExpressionMethods;
use diesel::dsl::{Asc, Desc, Filter, Limit, Order};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::query_dsl::methods::{FilterDsl, LimitDsl, OrderDsl};
use diesel::result::QueryResult;
use diesel::serialize::ToSql;
use diesel::sql_types::BigInt;

/// The number of records of `M`, as a column.
type Id<M> = RecordId<<M as Recorded>::Records>;

/// The type of [`first_record`](super::RecordsDsl::first_record).
pub type FirstRecord<Q, M> = Limit<Order<Q, Asc<Id<M>>>>;
/// The type of [`last_record`](super::RecordsDsl::last_record).
pub type LastRecord<Q, M> = Limit<Order<Q, Desc<Id<M>>>>;

/// Whether a record is before or after another one: one type, which bounds can
/// name where the compiler loses itself in those of `lt` and `gt`.
#[derive(Debug)]
pub struct Neighbour<S, const AFTER: bool> {
    id: RecordId<S>,
    other: i64,
}

type Before<M> = Neighbour<<M as Recorded>::Records, false>;
type After<M> = Neighbour<<M as Recorded>::Records, true>;

impl<S, const AFTER: bool> Neighbour<S, AFTER> {
    const fn new(other: i64) -> Self {
        Self {
            id: RecordId::NEW,
            other,
        }
    }
}

impl<S, const AFTER: bool> Clone for Neighbour<S, AFTER> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<S, const AFTER: bool> Copy for Neighbour<S, AFTER> {}

impl<S: 'static, const AFTER: bool> QueryId for Neighbour<S, AFTER> {
    type QueryId = Self;
}

condition!(Neighbour<S; AFTER: bool> on RecordId);

impl<S, DB, const AFTER: bool> QueryFragment<DB> for Neighbour<S, AFTER>
where
    S: RecordSource,
    DB: Engine,
    i64: ToSql<BigInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.id.walk_ast(out.reborrow())?;
        out.push_sql(if AFTER { " > " } else { " < " });
        out.push_bind_param::<BigInt, _>(&self.other)
    }
}

/// A query over records of `M` that can be asked for one record.
pub trait Neighbours<M>: Sized {
    /// The query of the first record.
    type First;
    /// The query of the last record.
    type Last;
    /// The query of the last record before one.
    type Before;
    /// The query of the first record after one.
    type After;
    #[doc(hidden)]
    fn first_of_all(self) -> Self::First;
    #[doc(hidden)]
    fn last_of_all(self) -> Self::Last;
    #[doc(hidden)]
    fn last_before(self, id: i64) -> Self::Before;
    #[doc(hidden)]
    fn first_after(self, id: i64) -> Self::After;
}

impl<Q, M> Neighbours<M> for Q
where
    M: Recorded,
    Q: OrderDsl<Asc<Id<M>>> + OrderDsl<Desc<Id<M>>>,
    Q: FilterDsl<Before<M>> + FilterDsl<After<M>>,
    Order<Q, Asc<Id<M>>>: LimitDsl,
    Order<Q, Desc<Id<M>>>: LimitDsl,
    Filter<Q, Before<M>>: OrderDsl<Desc<Id<M>>>,
    Filter<Q, After<M>>: OrderDsl<Asc<Id<M>>>,
    Order<Filter<Q, Before<M>>, Desc<Id<M>>>: LimitDsl,
    Order<Filter<Q, After<M>>, Asc<Id<M>>>: LimitDsl,
{
    type First = FirstRecord<Q, M>;
    type Last = LastRecord<Q, M>;
    type Before = LastRecord<Filter<Q, Before<M>>, M>;
    type After = FirstRecord<Filter<Q, After<M>>, M>;

    fn first_of_all(self) -> Self::First {
        LimitDsl::limit(OrderDsl::order(self, Id::<M>::NEW.asc()), 1)
    }
    fn last_of_all(self) -> Self::Last {
        LimitDsl::limit(OrderDsl::order(self, Id::<M>::NEW.desc()), 1)
    }
    fn last_before(self, id: i64) -> Self::Before {
        let before = FilterDsl::filter(self, Before::<M>::new(id));
        LimitDsl::limit(OrderDsl::order(before, Id::<M>::NEW.desc()), 1)
    }
    fn first_after(self, id: i64) -> Self::After {
        let after = FilterDsl::filter(self, After::<M>::new(id));
        LimitDsl::limit(OrderDsl::order(after, Id::<M>::NEW.asc()), 1)
    }
}

/// The type of [`Record::previous`].
pub type Previous<M> = <<M as Recorded>::History as Neighbours<M>>::Before;
/// The type of [`Record::following`].
pub type Following<M> = <<M as Recorded>::History as Neighbours<M>>::After;

impl<M: Recorded<History: Neighbours<M>>> Record<M> {
    /// The record before this one of the same row, as a query; none for the
    /// first.
    ///
    /// ```text
    /// let before = record.previous().whole().get_result(conn).optional()?;
    /// ```
    pub fn previous(&self) -> Previous<M> {
        self.row.history().last_before(self.id)
    }

    /// The record after this one of the same row, as a query; none for the
    /// last.
    #[doc(alias = "next")]
    pub fn following(&self) -> Following<M> {
        self.row.history().first_after(self.id)
    }
}
