//! The columns that a record has beyond those of the row.

use super::model::{LiveName, RecordSource, Recorded};
use crate::facts;
use diesel::backend::Backend;
use diesel::expression::{
    IsContainedInGroupBy, ValidGrouping, is_aggregate, is_contained_in_group_by,
};
use diesel::internal::table_macro::{
    FromClause, Inner, Join, JoinOn, LeftOuter, Pick, SelectStatement,
};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::query_source::{AppearsInFromClause, Never, Once, QuerySource};
use diesel::result::QueryResult;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamp};
use diesel::{AppearsOnTable, Expression, SelectableExpression};
use std::marker::PhantomData;

/// What makes a type a column of the record source `S`; the impls are those
/// that Diesel's `table!` writes for a column.
macro_rules! column_of_source {
    ([$($param:tt)*] $column:ty, $sql:ty) => {
        impl<S, $($param)*> Clone for $column {
            fn clone(&self) -> Self {
                *self
            }
        }
        impl<S, $($param)*> Copy for $column {}
        impl<S, $($param)*> Expression for $column
        where
            $sql: diesel::expression::TypedExpressionType,
        {
            type SqlType = $sql;
        }
        impl<S, QS, $($param)*> AppearsOnTable<QS> for $column
        where
            S: RecordSource,
            QS: AppearsInFromClause<S, Count = Once>,
            Self: Expression,
        {
        }
        impl<S: RecordSource, $($param)*> SelectableExpression<S> for $column where
            Self: AppearsOnTable<S>
        {
        }
        impl<S, Left, Right, $($param)*> SelectableExpression<Join<Left, Right, LeftOuter>> for $column
        where
            S: RecordSource,
            Self: AppearsOnTable<Join<Left, Right, LeftOuter>> + SelectableExpression<Left>,
            Right: AppearsInFromClause<S, Count = Never> + QuerySource,
            Left: QuerySource,
        {
        }
        impl<S, Left, Right, $($param)*> SelectableExpression<Join<Left, Right, Inner>> for $column
        where
            S: RecordSource,
            Left: AppearsInFromClause<S> + QuerySource,
            Right: AppearsInFromClause<S> + QuerySource,
            (Left::Count, Right::Count): Pick<Left, Right>,
            Self: AppearsOnTable<Join<Left, Right, Inner>>
                + SelectableExpression<<(Left::Count, Right::Count) as Pick<Left, Right>>::Selection>,
        {
        }
        impl<S, J, On, $($param)*> SelectableExpression<JoinOn<J, On>> for $column where
            Self: SelectableExpression<J> + AppearsOnTable<JoinOn<J, On>>
        {
        }
        impl<S, From, $($param)*> SelectableExpression<SelectStatement<FromClause<From>>> for $column
        where
            From: QuerySource,
            Self: SelectableExpression<From> + AppearsOnTable<SelectStatement<FromClause<From>>>,
        {
        }
        impl<S, $($param)*> ValidGrouping<()> for $column {
            type IsAggregate = is_aggregate::No;
        }
        impl<S, GB, $($param)*> ValidGrouping<GB> for $column
        where
            GB: IsContainedInGroupBy<$column, Output = is_contained_in_group_by::Yes>,
        {
            type IsAggregate = is_aggregate::Yes;
        }
        impl<S, $($param)*> IsContainedInGroupBy<$column> for $column {
            type Output = is_contained_in_group_by::Yes;
        }
    };
}

macro_rules! columns {
    ($($(#[doc = $doc:literal])* $column:ident: $sql:ty = $name:expr;)*) => { $(
        $(#[doc = $doc])*
        #[derive(Debug)]
        pub struct $column<S>(PhantomData<fn() -> S>);

        impl<S> $column<S> {
            #[doc(hidden)]
            pub const NEW: Self = Self(PhantomData);
        }
        impl<S> Default for $column<S> {
            fn default() -> Self {
                Self::NEW
            }
        }
        impl<S: 'static> QueryId for $column<S> {
            type QueryId = Self;
            const HAS_STATIC_QUERY_ID: bool = true;
        }
        impl<S: RecordSource, DB: Backend> QueryFragment<DB> for $column<S> {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
                out.push_identifier(<<S::Model as Recorded>::LiveTable as LiveName>::SQL_NAME)?;
                out.push_sql(".");
                out.push_identifier($name)
            }
        }
        column_of_source!([] $column<S>, $sql);
    )* };
}

columns! {
    /// The number of a record; see [`RecordSource::RECORD_ID`].
    RecordId: BigInt = facts::RECORD_ID;
    /// The version that a record holds; see [`RecordSource::VERSION`].
    RecordVersion: BigInt = facts::RECORD_VERSION;
    /// What happened; see [`RecordSource::OPERATION`].
    RecordOperation: Text = facts::RECORD_OPERATION;
    /// When it happened; see [`RecordSource::AT`].
    RecordedAt: Timestamp = facts::RECORDED_AT;
    /// The changeset; see [`RecordSource::CHANGESET`].
    RecordChangeset: Nullable<BigInt> = facts::RECORD_CHANGESET;
    /// The names of the redacted columns that changed, joined by commas; only
    /// where the model redacts any.
    RecordRedacted: Nullable<Text> = facts::RECORD_REDACTED;
}

/// A property of a recorded model: a column of the record table alone, such as
/// `ArticleRecords::COMMENT_COUNT`.
#[derive(Debug)]
pub struct Property<S, ST> {
    name: &'static str,
    of: PhantomData<fn() -> (S, ST)>,
}

impl<S, ST> Property<S, ST> {
    #[doc(hidden)]
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            of: PhantomData,
        }
    }
}

impl<S, ST> QueryId for Property<S, ST> {
    type QueryId = ();
    // Two properties of one type differ in their names alone.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<S: RecordSource, ST, DB: Backend> QueryFragment<DB> for Property<S, ST> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_identifier(<<S::Model as Recorded>::LiveTable as LiveName>::SQL_NAME)?;
        out.push_sql(".");
        out.push_identifier(self.name)
    }
}

column_of_source!([ST] Property<S, ST>, ST);

/// A column of which a snapshot may hold null.
#[diagnostic::on_unimplemented(
    message = "the column `{Self}` cannot be null, but snapshots have no value for it",
    label = "a value that stands in for it is needed",
    note = "give it in SQL: `#[recorded(skip = \"''\")]` or `#[recorded(redact = \"'***'\")]`"
)]
pub trait MayBeNull {}
#[diagnostic::do_not_recommend]
impl<C: diesel::Expression<SqlType: NullableType>> MayBeNull for C {}

/// A SQL type with null; a trait, because a type that differs would be reported
/// in the words of the compiler.
pub trait NullableType {}
impl<T: diesel::sql_types::SqlType> NullableType for diesel::sql_types::Nullable<T> {}
