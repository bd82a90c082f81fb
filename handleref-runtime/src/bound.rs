//! What can stand in `since(..)` and `until(..)`: a version or an instant.

use crate::engine::{Engine, Kind};
use crate::grouped::Grouped;
use crate::model::{Timestamped, Versioned};
use crate::time::{BoundTime, Instant, TimeKind, TimeSqlType};
use diesel::Column;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Bool, HasSqlType};
use std::marker::PhantomData;

/// A lower bound for `since` or an upper bound for `until`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a version nor an instant of `{M}`",
    note = "give an integer (if `{M}` has a version column) or a `DateTime`, `NaiveDateTime` (UTC), `SystemTime` or `handleref::time::Unix` (if it has timestamps)"
)]
pub trait Bound<M> {
    /// The condition of a row that changed after the bound.
    type After;
    /// The condition of a row that did not.
    type Until;
    /// The condition of [`After`](Bound::After).
    fn after(self) -> Self::After;
    /// The condition of [`Until`](Bound::Until).
    fn until(self) -> Self::Until;
}

macro_rules! version_bounds {
    ($($int:ty)*) => { $(
        impl<M: Versioned> Bound<M> for $int {
            type After = VersionBound<M, true>;
            type Until = VersionBound<M, false>;
            fn after(self) -> Self::After {
                VersionBound { value: self.into(), model: PhantomData }
            }
            fn until(self) -> Self::Until {
                VersionBound { value: self.into(), model: PhantomData }
            }
        }
    )* };
}
version_bounds!(i16 i32 i64 u32);

/// No version is greater than what an `i64` holds.
impl<M: Versioned> Bound<M> for u64 {
    type After = VersionBound<M, true>;
    type Until = VersionBound<M, false>;
    fn after(self) -> Self::After {
        Bound::<M>::after(i64::try_from(self).unwrap_or(i64::MAX))
    }
    fn until(self) -> Self::Until {
        Bound::<M>::until(i64::try_from(self).unwrap_or(i64::MAX))
    }
}

impl<M, B: Bound<M> + Clone> Bound<M> for &B {
    type After = B::After;
    type Until = B::Until;
    fn after(self) -> Self::After {
        self.clone().after()
    }
    fn until(self) -> Self::Until {
        self.clone().until()
    }
}

macro_rules! time_bounds {
    ($([$($param:ident: $bound:path)?] $time:ty;)*) => { $(
        impl<M: Timestamped $(, $param: $bound)?> Bound<M> for $time
        where
            Self: Instant,
        {
            type After = TimeBound<M, true>;
            type Until = TimeBound<M, false>;
            fn after(self) -> Self::After {
                TimeBound::new(self)
            }
            fn until(self) -> Self::Until {
                TimeBound::new(self)
            }
        }
    )* };
}
time_bounds! {
    [Tz: chrono::TimeZone] chrono::DateTime<Tz>;
    [] chrono::NaiveDateTime;
    [] std::time::SystemTime;
    [] crate::time::Unix;
}

/// `version > n` (`AFTER`) or `version <= n`.
#[derive(Debug)]
pub struct VersionBound<M, const AFTER: bool> {
    value: i64,
    model: PhantomData<M>,
}

/// `created_at > t OR updated_at > t` (`AFTER`), or that neither is so.
#[derive(Debug)]
pub struct TimeBound<M: Timestamped, const AFTER: bool> {
    value: BoundTime,
    /// The same for a column with a zone, which only one engine has.
    zoned: <M::TimeSql as TimeSqlType>::Rust,
}

impl<M: Timestamped, const AFTER: bool> TimeBound<M, AFTER> {
    fn new(instant: impl Instant) -> Self {
        let value = BoundTime::new(instant);
        let engine = match M::TimeSql::KIND {
            TimeKind::Zoned => Kind::Postgres,
            TimeKind::Plain | TimeKind::ZonedText => Kind::Sqlite,
        };
        Self {
            value,
            zoned: M::TimeSql::from_utc(*value.on(engine)),
        }
    }
}

impl<M, const AFTER: bool> Clone for VersionBound<M, AFTER> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<M, const AFTER: bool> Copy for VersionBound<M, AFTER> {}
impl<M: Timestamped, const AFTER: bool> Clone for TimeBound<M, AFTER> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<M: Timestamped, const AFTER: bool> Copy for TimeBound<M, AFTER> {}

impl<M: 'static, const AFTER: bool> QueryId for VersionBound<M, AFTER> {
    type QueryId = Self;
}
impl<M: Timestamped, const AFTER: bool> QueryId for TimeBound<M, AFTER> {
    type QueryId = Self;
}

impl<M, const AFTER: bool> Expression for VersionBound<M, AFTER> {
    type SqlType = Bool;
}
impl<M: Timestamped, const AFTER: bool> Expression for TimeBound<M, AFTER> {
    type SqlType = Bool;
}

impl<M, DB, const AFTER: bool> QueryFragment<DB> for VersionBound<M, AFTER>
where
    M: Versioned,
    M::VersionColumn: QueryFragment<DB>,
    DB: Engine,
    i64: ToSql<BigInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        walk_detached(&M::VersionColumn::default(), &mut out)?;
        out.push_sql(if AFTER { " > " } else { " <= " });
        out.push_bind_param::<BigInt, _>(&self.value)
    }
}

impl<M, DB, const AFTER: bool> QueryFragment<DB> for TimeBound<M, AFTER>
where
    M: Timestamped,
    M::Created: QueryFragment<DB>,
    M::Updated: QueryFragment<DB>,
    DB: Engine + HasSqlType<M::TimeSql>,
    <M::TimeSql as TimeSqlType>::Rust: ToSql<M::TimeSql, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        // A null timestamp says nothing: it is not after, so it must be
        // counted as until, or rows fall between the two.
        out.push_sql("(");
        self.walk_one::<M::Created, DB>(&mut out)?;
        if M::Created::NAME != M::Updated::NAME {
            out.push_sql(if AFTER { " OR " } else { " AND " });
            self.walk_one::<M::Updated, DB>(&mut out)?;
        }
        out.push_sql(")");
        Ok(())
    }
}

impl<M: Timestamped, const AFTER: bool> TimeBound<M, AFTER> {
    fn walk_one<'b, C, DB>(&'b self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()>
    where
        C: Column + Default + QueryFragment<DB>,
        DB: Engine + HasSqlType<M::TimeSql>,
        <M::TimeSql as TimeSqlType>::Rust: ToSql<M::TimeSql, DB>,
    {
        let column = C::default();
        if !AFTER {
            out.push_sql("(");
            walk_detached(&column, out)?;
            out.push_sql(" IS NULL OR ");
        }
        walk_detached(&column, out)?;
        out.push_sql(if AFTER { " > " } else { " <= " });
        match M::TimeSql::KIND {
            TimeKind::Plain => DB::bind_time(&self.value, out)?,
            TimeKind::Zoned | TimeKind::ZonedText => {
                out.push_bind_param::<M::TimeSql, _>(&self.zoned)?;
            }
        }
        if !AFTER {
            out.push_sql(")");
        }
        Ok(())
    }
}

/// Walks a column marker, which holds no data, and so no binds of any lifetime.
pub(crate) fn walk_detached<DB: Engine, C: Column + QueryFragment<DB>>(
    column: &C,
    out: &mut AstPass<'_, '_, DB>,
) -> QueryResult<()> {
    let mut sql = DB::QueryBuilder::default();
    column.to_sql(&mut sql, &DB::default())?;
    out.push_sql(&diesel::query_builder::QueryBuilder::<DB>::finish(sql));
    Ok(())
}

macro_rules! like_column {
    ($node:ident, $model:ident, $($column:ident),+) => {
        impl<M, QS, const AFTER: bool> AppearsOnTable<QS> for $node<M, AFTER>
        where
            M: $model,
            $(M::$column: AppearsOnTable<QS>,)+
            Self: Expression,
        {
        }
        impl<M, QS, const AFTER: bool> SelectableExpression<QS> for $node<M, AFTER>
        where
            M: $model,
            $(M::$column: SelectableExpression<QS>,)+
            Self: AppearsOnTable<QS>,
        {
        }
        impl<M, GB, const AFTER: bool> ValidGrouping<GB> for $node<M, AFTER>
        where
            M: $model,
            like_column!(@last $($column)+): Grouped<GB>,
        {
            type IsAggregate = <like_column!(@last $($column)+) as Grouped<GB>>::IsAggregate;
        }
    };
    (@last $first:ident $last:ident) => { M::$last };
    (@last $last:ident) => { M::$last };
}
like_column!(VersionBound, Versioned, VersionColumn);
like_column!(TimeBound, Timestamped, Created, Updated);
