//! A whole record: what happened, and the row after it.

use super::columns::{RecordChangeset, RecordId, RecordOperation, RecordVersion, RecordedAt};
use super::model::{Recall, RecordSource, Recorded};
use super::moment::ChangesetNo;
use super::object::live;
use super::operation::Operation;
use super::query::Loaded;
use crate::error::Error;
use crate::grouped::Grouped;
use crate::session::Executor;
use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::backend::Backend;
use diesel::deserialize::{self, FromStaticSqlRow, Queryable};
use diesel::expression::{TypedExpressionType, ValidGrouping};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamp};
use diesel::{AppearsOnTable, Expression, Selectable, SelectableExpression};

/// A record, with the row as it was after the change (before it, for a delete).
///
/// ```text
/// article.history().whole().load(conn)?;         // or .select(Record::<Article>::as_select())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
#[doc(alias = "data_sorted")]
pub struct Record<M> {
    /// The number of the record, which rises over all models of a database;
    /// negative for a baseline.
    pub id: i64,
    /// The version of the row. A delete is a version of its own.
    pub version: i64,
    /// What happened.
    pub operation: Operation,
    /// When, by the database's clock.
    pub at: DateTime<Utc>,
    /// The changeset that it was part of.
    pub changeset: Option<ChangesetNo>,
    /// The row.
    pub row: M,
}

impl<M: Recorded> Record<M> {
    /// The row as it is now, soft-deleted or not; `None` if it is gone.
    ///
    /// ```text
    /// let record: Record<Article> = article.history().first_record().whole().get_result(conn)?;
    /// let now: Option<Article> = record.instance(conn)?;
    /// ```
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn instance<'a, C>(&'a self, conn: &'a mut C) -> C::Output<'a, Result<Option<M>, Error>>
    where
        C: Executor,
        M: Recall<C::Engine> + Loaded<C::Engine>,
    {
        C::run(async move { live::<M, C::Engine>(conn, &self.row.record_key(), false).await })
    }
}

impl<M, DB> Selectable<DB> for Record<M>
where
    M: Recorded + Selectable<DB>,
    DB: Backend,
{
    type SelectExpression = RecordSelection<M::Records, M::SelectExpression>;
    fn construct_selection() -> Self::SelectExpression {
        RecordSelection {
            columns: (
                RecordId::NEW,
                RecordVersion::NEW,
                RecordOperation::NEW,
                RecordedAt::NEW,
                RecordChangeset::NEW,
            ),
            row: M::construct_selection(),
        }
    }
}

/// What a record has beyond the row.
type Columns<S> = (
    RecordId<S>,
    RecordVersion<S>,
    RecordOperation<S>,
    RecordedAt<S>,
    RecordChangeset<S>,
);

/// What a [`Record`] selects: the columns of the record source `S`, and what
/// its model selects. No tuple, for the sake of its [`Grouped`]:
/// `Record::as_select()` may stand where nothing says yet which model is meant.
#[derive(Debug, Clone, Copy, QueryId)]
pub struct RecordSelection<S, E> {
    columns: Columns<S>,
    row: E,
}

impl<S, E: Expression> Expression for RecordSelection<S, E>
where
    RecordSql<E::SqlType>: TypedExpressionType,
{
    type SqlType = RecordSql<E::SqlType>;
}
impl<S, E, QS> AppearsOnTable<QS> for RecordSelection<S, E>
where
    RecordId<S>: AppearsOnTable<QS>,
    E: AppearsOnTable<QS>,
    Self: Expression,
{
}
impl<S, E, QS> SelectableExpression<QS> for RecordSelection<S, E>
where
    RecordId<S>: SelectableExpression<QS>,
    E: SelectableExpression<QS>,
    Self: AppearsOnTable<QS>,
{
}
impl<S, E, GB> ValidGrouping<GB> for RecordSelection<S, E>
where
    RecordId<S>: Grouped<GB>,
    E: Grouped<GB>,
{
    type IsAggregate = <RecordId<S> as Grouped<GB>>::IsAggregate;
}
impl<S, E, DB> QueryFragment<DB> for RecordSelection<S, E>
where
    S: RecordSource,
    E: QueryFragment<DB>,
    DB: Backend,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let (id, version, operation, at, changeset) = &self.columns;
        id.walk_ast(out.reborrow())?;
        out.push_sql(", ");
        version.walk_ast(out.reborrow())?;
        out.push_sql(", ");
        operation.walk_ast(out.reborrow())?;
        out.push_sql(", ");
        at.walk_ast(out.reborrow())?;
        out.push_sql(", ");
        changeset.walk_ast(out.reborrow())?;
        out.push_sql(", ");
        self.row.walk_ast(out)
    }
}

/// The SQL types of a record whose row has the types `ST`.
pub type RecordSql<ST> = (BigInt, BigInt, Text, Timestamp, Nullable<BigInt>, ST);

impl<M, ST, DB> Queryable<RecordSql<ST>, DB> for Record<M>
where
    DB: Backend,
    (i64, i64, Operation, NaiveDateTime, Option<i64>, M): FromStaticSqlRow<RecordSql<ST>, DB>,
{
    type Row = (i64, i64, Operation, NaiveDateTime, Option<i64>, M);
    fn build((id, version, operation, at, changeset, row): Self::Row) -> deserialize::Result<Self> {
        Ok(Self {
            id,
            version,
            operation,
            at: at.and_utc(),
            changeset: changeset.map(ChangesetNo),
            row,
        })
    }
}
