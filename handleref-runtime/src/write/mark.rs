//! The mark of a soft delete, as an assignment.

use super::statement::Assigns;
use super::{Bump, TableName};
use crate::engine::Engine;
use crate::model::SoftDelete;
use crate::sql::push_now;
use diesel::query_builder::{AsChangeset, AstPass, QueryFragment};
use diesel::result::QueryResult;
use diesel::serialize::ToSql;
use diesel::sql_types::HasSqlType;
use diesel::{Column, Expression};
use std::marker::PhantomData;

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

impl<M, DB, const DELETE: bool> Assigns<DB> for Mark<M, DELETE>
where
    M: SoftDelete<Table: TableName<DB>, Status: WalkStatus<DB>>,
    DB: Engine,
{
}
