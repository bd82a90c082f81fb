//! Operations on one loaded row.

use crate::context::handed::Handed;
use crate::engine::Engine;
use crate::error::Error;
use crate::lifecycle::{DeleteRow, RestoreRow};
use crate::model::{HandleRef, SoftDelete};
use crate::session::Executor;
use crate::write::TableName;
use diesel::deserialize::FromSqlRow;
use diesel::query_builder::QueryFragment;
use diesel::result::QueryResult;
use diesel::{Expression, Selectable};

pub(crate) mod columns;
mod differs;
mod expected;
pub(crate) mod ops;
pub(crate) mod statements;

pub use columns::ColumnWriter;
pub use expected::ExpectedUpdate;

/// How an operation on a row ended, if it did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The row was written; the instance carries its new version and timestamps.
    Written,
    /// There was nothing to do, and nothing was written: no bump, no new `updated_at`.
    Unchanged,
}

/// How the columns of a model are written and read on one engine.
///
/// Implemented by `#[derive(HandleRef)]` for every engine that can store the
/// types of the fields.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be written to `{DB}`",
    note = "derive `HandleRef`; every field must be `ToSql` for its column on this engine"
)]
pub trait Row<DB: Engine>: HandleRef<Table: TableName<DB>> {
    /// The SQL types of the managed columns.
    #[doc(hidden)]
    type ManagedSql: 'static;
    /// Their Rust types.
    #[doc(hidden)]
    type Managed: FromSqlRow<Self::ManagedSql, DB> + Send + 'static;
    /// The SQL types of the managed columns and of those that a save writes.
    #[doc(hidden)]
    type SavedSql: 'static;
    /// Their Rust types.
    #[doc(hidden)]
    type Saved: FromSqlRow<Self::SavedSql, DB> + Send + 'static;
    /// The values of fields with `#[diesel(serialize_as)]`, converted.
    #[doc(hidden)]
    type Converted: Send + Sync;
    /// The condition of a live row.
    #[doc(hidden)]
    type LiveTest: QueryFragment<DB> + Send + Sync;

    /// The names of the managed columns, in the order of their types.
    #[doc(hidden)]
    const MANAGED: &'static [&'static str];
    /// The names of the columns of [`Saved`](Row::Saved), in its order.
    #[doc(hidden)]
    const SAVED: &'static [&'static str];

    #[doc(hidden)]
    fn live_test() -> Self::LiveTest;
    #[doc(hidden)]
    fn converted(&self) -> Self::Converted;
    /// Gives every column but the key and the managed ones to `writer`.
    #[doc(hidden)]
    fn walk_values<'b>(
        &'b self,
        converted: &'b Self::Converted,
        writer: &mut ColumnWriter<'_, 'b, DB>,
    ) -> QueryResult<()>;
    /// Gives the columns of the primary key to `writer`.
    #[doc(hidden)]
    fn walk_key<'b>(&'b self, writer: &mut ColumnWriter<'_, 'b, DB>) -> QueryResult<()>;
    /// Gives the version column to `writer`, if there is one.
    #[doc(hidden)]
    fn walk_version<'b>(&'b self, writer: &mut ColumnWriter<'_, 'b, DB>) -> QueryResult<()>;
    /// Takes over what the database wrote.
    #[doc(hidden)]
    fn apply(&mut self, managed: Self::Managed);
    /// Takes over what the database wrote, and what it made of the values.
    #[doc(hidden)]
    fn settle(&mut self, saved: Self::Saved);
    /// The version, if the model has one.
    #[doc(hidden)]
    fn held_version(&self) -> Option<i64>;
    /// Whether this instance is marked as deleted.
    #[doc(hidden)]
    fn held_mark(&self) -> bool;
    /// Properties of a recorded model that Rust computes.
    #[doc(hidden)]
    fn handed(&self) -> Vec<Handed> {
        Vec::new()
    }
}

/// Save, delete, restore, hard-delete and reload one row.
///
/// The methods take any connection that is an [`Executor`]. On a synchronous
/// one they return a `Result`, on one of diesel-async a future of it:
///
/// ```text
/// article.save(conn)?;            // SqliteConnection, PgConnection, MysqlConnection
/// article.save(conn).await?;      // AsyncPgConnection and the like
/// ```
///
/// All of them are optimistic if the model has a version: the version that the
/// instance holds is compared in the very statement that writes, so that no
/// update is lost at any isolation level. A model without a version is written
/// whatever wrote it last.
///
/// Dropping one of the futures before it is done leaves either the whole
/// change or nothing in the database. If a transaction of several statements
/// was under way, it is rolled back (except on PostgreSQL, when the
/// connection is dropped), and the connection is of no use any more: handleref and
/// Diesel's `transaction` refuse it with `BrokenTransactionManager`, and a pool
/// replaces it.
pub trait RowDsl: HandleRef {
    /// Writes all columns of this instance, nulls included, if they differ
    /// from the row; raises the version by one and stamps `updated_at`.
    ///
    /// The key, the creation time and the managed columns are not written from
    /// the instance. Values are compared in the database, text byte by byte, as
    /// the columns would hold them: half a second is no change where the column
    /// holds whole ones. If nothing differs, nothing is written:
    /// [`Outcome::Unchanged`]. Either way the instance equals the row afterwards,
    /// but for fields with `#[diesel(serialize_as)]` or `deserialize_as`, which
    /// keep their values.
    ///
    /// # Errors
    /// [`Error::Stale`], [`Error::Gone`], [`Error::Deleted`] (also if this
    /// instance itself is marked as deleted: to delete, call
    /// [`delete`](RowDsl::delete)), or [`Error::Database`].
    fn save<'a, C>(&'a mut self, conn: &'a mut C) -> C::Output<'a, Result<Outcome, Error>>
    where
        C: Executor,
        Self: Row<C::Engine>,
    {
        C::run(ops::save::<Self, C::Engine>(conn, self))
    }

    /// Soft-deletes the row: stamps `deleted_at` or sets the status, raises the
    /// version, stamps `updated_at`, and follows `#[handleref(cascade(..))]`.
    ///
    /// A row that is deleted already is left as it is, whatever version the
    /// instance holds: [`Outcome::Unchanged`].
    ///
    /// # Errors
    /// [`Error::Stale`], [`Error::Gone`], [`Error::Hook`], [`Error::Interfered`],
    /// [`Error::Stamp`] or [`Error::Database`]. Nothing was written then, by
    /// hooks neither.
    #[doc(alias("soft_delete", "soft delete"))]
    fn delete<'a, C>(&'a mut self, conn: &'a mut C) -> C::Output<'a, Result<Outcome, Error>>
    where
        C: Executor,
        Self: SoftDelete + Row<C::Engine>,
        Self::OnDelete: DeleteRow<Self, C>,
    {
        C::run(Self::OnDelete::delete(conn, self))
    }

    /// Brings a soft-deleted row back, and with it exactly the children that
    /// its deletion removed.
    ///
    /// A row that is live already is left as it is, whatever version the
    /// instance holds: [`Outcome::Unchanged`].
    ///
    /// # Errors
    /// [`Error::ParentDeleted`] if a parent named by `#[handleref(parent(..))]`
    /// is soft-deleted (see [`restore_with_parents`](RowDsl::restore_with_parents)),
    /// [`Error::Stale`], [`Error::Gone`], [`Error::Hook`], [`Error::Interfered`]
    /// or [`Error::Database`]. Nothing was written then, by hooks neither.
    #[doc(alias = "undelete")]
    fn restore<'a, C>(&'a mut self, conn: &'a mut C) -> C::Output<'a, Result<Outcome, Error>>
    where
        C: Executor,
        Self: SoftDelete + Row<C::Engine>,
        Self::OnRestore: RestoreRow<Self, C>,
    {
        C::run(Self::OnRestore::restore(conn, self, false))
    }

    /// As [`restore`](RowDsl::restore), but soft-deleted parents are restored
    /// first, up to the root: those rows alone, not their other children.
    ///
    /// # Errors
    /// As [`restore`](RowDsl::restore), but [`Error::TooDeep`] instead of
    /// `ParentDeleted`.
    fn restore_with_parents<'a, C>(
        &'a mut self,
        conn: &'a mut C,
    ) -> C::Output<'a, Result<Outcome, Error>>
    where
        C: Executor,
        Self: SoftDelete + Row<C::Engine>,
        Self::OnRestore: RestoreRow<Self, C>,
    {
        C::run(Self::OnRestore::restore(conn, self, true))
    }

    /// Really deletes the row, live or soft-deleted. What refers to it is left
    /// to the foreign keys of the database; `cascade(..)` is not consulted, and
    /// no [hooks](crate::hooks::Hooks) are called. The records of a recorded row stay.
    ///
    /// # Errors
    /// [`Error::Stale`], [`Error::Gone`] or [`Error::Database`].
    #[doc(alias("hard delete", "permanent", "really_destroy"))]
    fn hard_delete<'a, C>(&'a self, conn: &'a mut C) -> C::Output<'a, Result<(), Error>>
    where
        C: Executor,
        Self: Row<C::Engine>,
    {
        C::run(async move {
            let row = ops::TypedInstance::<Self, C::Engine>::new(self);
            ops::hard_delete(conn, &row).await
        })
    }

    /// Loads the row again, soft-deleted or not, and replaces this instance.
    ///
    /// # Errors
    /// [`Error::Gone`] or [`Error::Database`]; the instance is then as it was.
    fn reload<'a, C>(&'a mut self, conn: &'a mut C) -> C::Output<'a, Result<(), Error>>
    where
        C: Executor,
        Self: Row<C::Engine>
            + Selectable<C::Engine>
            + FromSqlRow<SelectionSql<Self, C::Engine>, C::Engine>,
        Self::SelectExpression: QueryFragment<C::Engine> + Send + Sync,
        SelectionSql<Self, C::Engine>: 'static,
    {
        C::run(ops::reload::<Self, C::Engine>(conn, self))
    }
}

/// The SQL type of what `M` is loaded from.
pub type SelectionSql<M, DB> = <<M as Selectable<DB>>::SelectExpression as Expression>::SqlType;

impl<M: HandleRef> RowDsl for M {}
