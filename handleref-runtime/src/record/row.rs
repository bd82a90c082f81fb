//! A whole record: what happened, and the row after it.

use super::columns::{RecordChangeset, RecordId, RecordOperation, RecordVersion, RecordedAt};
use super::model::Recorded;
use super::operation::Operation;
use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::backend::Backend;
use diesel::deserialize::{self, FromStaticSqlRow, Queryable};
use diesel::sql_types::{BigInt, Nullable, Text, Timestamp};
use diesel::{Expression, Selectable};

/// A record, with the row as it was after the change (before it, for a delete).
///
/// ```text
/// article.history().select(Record::<Article>::as_select()).load(conn)?;
/// ```
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
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
    pub changeset: Option<i64>,
    /// The row.
    pub row: M,
}

impl<M, DB> Selectable<DB> for Record<M>
where
    M: Recorded + Selectable<DB>,
    DB: Backend,
    (
        RecordId<M::Records>,
        RecordVersion<M::Records>,
        RecordOperation<M::Records>,
        RecordedAt<M::Records>,
        RecordChangeset<M::Records>,
        M::SelectExpression,
    ): Expression,
{
    type SelectExpression = (
        RecordId<M::Records>,
        RecordVersion<M::Records>,
        RecordOperation<M::Records>,
        RecordedAt<M::Records>,
        RecordChangeset<M::Records>,
        M::SelectExpression,
    );
    fn construct_selection() -> Self::SelectExpression {
        (
            RecordId::NEW,
            RecordVersion::NEW,
            RecordOperation::NEW,
            RecordedAt::NEW,
            RecordChangeset::NEW,
            M::construct_selection(),
        )
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
            changeset,
            row,
        })
    }
}
