//! What generated code may touch; no promise is made about it.

pub use crate::row::{ColumnWriter, Row};
pub use crate::time::{TimeKind, TimeSqlType};
pub use crate::write::{NoStatus, StatusOf, TableName};
pub use diesel;

use crate::engine::Engine;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::QueryResult;

/// The live test of a model that is never soft-deleted.
#[derive(Debug, Clone, Copy)]
pub struct Always;

impl<DB: Engine> QueryFragment<DB> for Always {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("1 = 1");
        Ok(())
    }
}

/// The kind of the timestamp column `C`.
pub const fn time_kind<C>() -> TimeKind
where
    C: diesel::Expression<SqlType: TimeSqlType>,
{
    <C::SqlType as TimeSqlType>::KIND
}

/// Whether a status field holds `value`.
pub trait StatusField<V> {
    /// Whether this is `value`; a null is not.
    fn is(&self, value: &V) -> bool;
}

impl<T: PartialEq> StatusField<T> for T {
    fn is(&self, value: &T) -> bool {
        self == value
    }
}

impl<T: PartialEq> StatusField<T> for Option<T> {
    fn is(&self, value: &T) -> bool {
        self.as_ref() == Some(value)
    }
}

impl StatusField<&'static str> for String {
    fn is(&self, value: &&'static str) -> bool {
        self == value
    }
}

impl StatusField<&'static str> for Option<String> {
    fn is(&self, value: &&'static str) -> bool {
        self.as_deref() == Some(*value)
    }
}
