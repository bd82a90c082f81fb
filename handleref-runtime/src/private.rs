//! What generated code may touch; no promise is made about it.

pub use crate::cascade::{Children, Facts, Link, Parents};
pub use crate::engine::Engine;
pub use crate::executor::Executor;
pub use crate::hooks::{NoHooks, WithHooks};
pub use crate::lifecycle::{Family, Single};
pub use crate::model::{ChildOf, DeletionStamp, HandleRef, Managed, Roles, SoftDelete, Timestamped, Versioned};
pub use crate::row::{ColumnWriter, Row};
pub use crate::scope::Undeleted;
pub use crate::time::{TimeKind, TimeSqlType};
pub use crate::write::{NoStatus, StatusOf, TableName};
pub use diesel;

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

/// The SQL type of a column.
pub type Sql<C> = <C as diesel::Expression>::SqlType;

/// The SQL type of a timestamp column, without `Nullable`.
pub type PlainTime<C> = <Sql<C> as TimeSqlType>::Plain;

/// A copy of the key. The bound is on the model, so that a type that cannot be
/// a key is reported once.
pub fn key_of<M: HandleRef>(key: &M::Key) -> M::Key {
    key.clone()
}

/// The version as a number; the bound is on the model as in [`key_of`].
pub fn version_of<M: Versioned>(version: M::Version) -> i64 {
    version.into()
}

/// The field of a deletion timestamp.
#[diagnostic::on_unimplemented(
    message = "`deleted_at` must be nullable, and `{Self}` is not",
    note = "a live row has none: make the field an `Option<..>` and its column `Nullable<..>`"
)]
pub trait DeletedField {
    /// Whether the row is deleted.
    fn is_set(&self) -> bool;
}

impl<T> DeletedField for Option<T> {
    fn is_set(&self) -> bool {
        self.is_some()
    }
}

/// A child of `P`. That the child names its parent is no bound here, but of
/// the implementation, so that a child that does not is reported once, by
/// [`child_has_stamp`].
pub trait ChildLink<P, C: Executor> {
    /// From the parent down to this child.
    fn link() -> Link<C>;
}

impl<P, K, C> ChildLink<P, C> for K
where
    C: Executor,
    P: DeletionStamp,
    K: ChildOf<P> + DeletionStamp + Facts<C> + Children<C> + Parents<C>,
{
    fn link() -> Link<C> {
        Link::child::<P, K>()
    }
}

/// A parent of `K`; as [`ChildLink`].
pub trait ParentLink<K, C: Executor> {
    /// From the child up to this parent.
    fn link() -> Link<C>;
}

impl<P, K, C> ParentLink<K, C> for P
where
    C: Executor,
    K: ChildOf<P>,
    P: Facts<C> + Parents<C>,
{
    fn link() -> Link<C> {
        Link::parent::<K, P>()
    }
}

/// Whether a child says which deletion removed a row.
pub const fn child_has_stamp<P: HandleRef, K: ChildOf<P>>() -> bool {
    K::ROLES.deleted_at.is_some()
}
