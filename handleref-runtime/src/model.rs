//! What `#[derive(HandleRef)]` says about a struct.

use crate::handle::{self, HandleError};
use crate::key::Key;
use crate::scope::{LastChange, Undeleted};
use crate::time::TimeSqlType;
use crate::{bound, scope};
use diesel::dsl::Filter;
use diesel::internal::table_macro::{BoxedSelectStatement, FromClause, SelectStatement};
use diesel::query_dsl::methods::FilterDsl;
use diesel::{Column, Table};

mod living;
mod roles;

pub(crate) use living::{Living, lives_sql};
pub use roles::Roles;

/// A struct whose rows have an identity, and whatever its columns allow beyond
/// that: see [`Versioned`], [`Timestamped`] and [`SoftDelete`].
///
/// Implemented by `#[derive(HandleRef)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a `HandleRef` model",
    note = "add `#[derive(HandleRef)]` to `{Self}`"
)]
pub trait HandleRef: Sized + Send + Sync + 'static {
    /// The Diesel table.
    type Table: Table;
    /// The rows that exist for a reader who asks for nothing special: the live
    /// ones if the model is soft-deletable, else the whole table.
    type Scope;
    /// The primary key; a tuple if it is composite.
    type Key: Key;
    /// The struct's name.
    const NAME: &'static str;
    /// The tag: the struct's name in lower case, or `#[handleref(tag = "..")]`.
    const TAG: &'static str;
    /// The columns that handleref writes.
    const ROLES: Roles;
    /// The SQL names of the primary key's columns.
    const KEY_COLUMNS: &'static [&'static str];
    /// Sets of columns that are unique among the living, from
    /// `#[handleref(unique)]` and `#[handleref(unique(a, b))]`.
    const UNIQUE: &'static [&'static [&'static str]];
    /// Managed columns that have an index of their own, from `#[handleref(index)]`.
    const INDEXED: &'static [&'static str] = &[];
    /// The columns that `save` writes from the instance.
    #[doc(hidden)]
    const WRITTEN: &'static [&'static str];
    /// Further options, as written in `#[handleref(options(name = "value"))]`.
    const OPTIONS: &'static [(&'static str, &'static str)];

    /// The Diesel table.
    fn table() -> Self::Table;
    /// The default scope; see [`Scope`](HandleRef::Scope).
    fn scope() -> Self::Scope;
    /// The row's primary key.
    fn key(&self) -> Self::Key;

    /// The value of one of the [`OPTIONS`](HandleRef::OPTIONS).
    #[doc(alias = "prop")]
    fn option(name: &str) -> Option<&'static str> {
        Self::OPTIONS
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| *value)
    }

    /// The tag, from an instance.
    fn ref_tag(&self) -> &'static str {
        Self::TAG
    }

    /// An option, from an instance; see [`option`](HandleRef::option).
    fn ref_option(&self, name: &str) -> Option<&'static str> {
        Self::option(name)
    }

    /// The handle: tag and key, such as `org1`; keys that are no integers
    /// follow a hyphen, such as `doc-readme`.
    ///
    /// # Errors
    /// [`HandleError::Unsaved`] if the key is unset (none, 0, empty, nil), and
    /// [`HandleError::Negative`] if it is a negative integer.
    fn handle(&self) -> Result<String, HandleError> {
        handle::write(Self::TAG, &self.key())
    }

    /// Reads a handle of this model, and gives the key.
    ///
    /// Blanks and hyphens between the tag and an integer key are ignored, and
    /// so is the tag's case, as in django-handleref's `split_ref`.
    ///
    /// # Errors
    /// [`HandleError`] if the text is no handle, or one of another model.
    #[doc(alias = "split_ref")]
    fn parse_handle(text: &str) -> Result<Self::Key, HandleError> {
        handle::read(Self::TAG, text)
    }

    /// The whole table, soft-deleted rows included.
    #[doc(alias("objects", "objects_with_deleted"))]
    fn with_deleted() -> Self::Table {
        Self::table()
    }

    /// The live rows.
    #[doc(alias("objects", "without_deleted", "kept"))]
    fn undeleted() -> Undeleted<Self>
    where
        Self: SoftDelete,
        Self::Table: FilterDsl<Self::Live>,
    {
        Self::table().filter(Self::is_live())
    }

    /// The soft-deleted rows.
    #[doc(alias("objects_deleted", "only_deleted", "discarded"))]
    fn deleted() -> scope::Deleted<Self>
    where
        Self: SoftDelete,
        Self::Table: FilterDsl<Self::Deleted>,
    {
        Self::table().filter(Self::is_deleted())
    }

    /// The newest of all creations and changes, soft-deleted rows included; a
    /// query of one `Option`, `None` for an empty table.
    ///
    /// Of a part of the table: `Article::undeleted().last_change()`, with
    /// [`ChangesDsl`](crate::scope::ChangesDsl) in scope.
    fn last_change() -> diesel::dsl::Select<Self::Table, LastChange<Self>>
    where
        Self: Timestamped,
        Self::Table: diesel::query_dsl::methods::SelectDsl<LastChange<Self>>,
    {
        diesel::query_dsl::methods::SelectDsl::select(Self::table(), LastChange::new())
    }

    /// The live rows that changed after `bound`: a version (an integer) or an
    /// instant (see [`time::Instant`](crate::time::Instant)).
    ///
    /// Strictly after: `since(row.updated_at)` does not give that row, one
    /// microsecond earlier does. An instant is compared with both timestamps,
    /// `created_at > t OR updated_at > t`. To have both a version and an
    /// instant, chain: `Article::since(3).since(t)`. For soft-deleted rows too:
    /// `Article::with_deleted().since(t)`.
    ///
    /// A clock is no log: a row that a transaction stamped before `t` and
    /// committed after the last look is not seen by the next one. A reader that
    /// must not miss it reads all its models in one snapshot, asks for an
    /// overlap that is longer than the longest transaction, and skips what it
    /// has; `examples/peeringdb/sync` does.
    ///
    /// In a large table give the version, or both timestamps, an index:
    /// `#[handleref(index)]`.
    /// Without an order the engines answer this from the indexes of both
    /// timestamps; under `.order(id)` some prefer to walk the key.
    fn since<B>(bound: B) -> Filter<Self::Scope, B::After>
    where
        B: bound::Bound<Self>,
        Self::Scope: FilterDsl<B::After>,
    {
        Self::scope().filter(bound.after())
    }

    /// The live rows that did not change after `bound`; the upper bound that
    /// belongs to [`since`](HandleRef::since), and its exact complement.
    fn until<B>(bound: B) -> Filter<Self::Scope, B::Until>
    where
        B: bound::Bound<Self>,
        Self::Scope: FilterDsl<B::Until>,
    {
        Self::scope().filter(bound.until())
    }

    /// The condition of [`since`](HandleRef::since) by itself, for joins,
    /// boxed queries and `ON` clauses.
    fn changed_after<B: bound::Bound<Self>>(bound: B) -> B::After {
        bound.after()
    }

    /// The condition of [`until`](HandleRef::until) by itself.
    fn changed_until<B: bound::Bound<Self>>(bound: B) -> B::Until {
        bound.until()
    }
}

/// A model with a version column, which rises by one with every change.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no version column",
    label = "a version is needed here",
    note = "add `pub version: i64` to the struct (column `version -> BigInt`), or mark a field with `#[handleref(version)]`"
)]
pub trait Versioned: HandleRef {
    /// The column.
    type VersionColumn: Column<Table = Self::Table> + Default;
    /// Its Rust type.
    type Version: VersionNumber;
    /// The version that this instance holds.
    fn version(&self) -> i64;
}

/// An integer that can be a version: `i16`, `i32` or `i64`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a version",
    note = "a version is an `i16`, `i32` or `i64`, and not null",
    note = "if this field does not count the changes of the row, mark it with `#[handleref(skip)]`"
)]
pub trait VersionNumber: Send + Sync + std::fmt::Debug + 'static {
    /// The number of bits.
    const BITS: u32;
    /// The number.
    fn number(&self) -> i64;
}
impl VersionNumber for i16 {
    const BITS: u32 = 16;
    fn number(&self) -> i64 {
        (*self).into()
    }
}
impl VersionNumber for i32 {
    const BITS: u32 = 32;
    fn number(&self) -> i64 {
        (*self).into()
    }
}
impl VersionNumber for i64 {
    const BITS: u32 = 64;
    fn number(&self) -> i64 {
        *self
    }
}

/// A SQL type that a version column may have.
#[diagnostic::on_unimplemented(
    message = "a column of SQL type `{Self}` cannot be a version",
    note = "use `BigInt`, `Integer` or `SmallInt`, not null"
)]
pub trait VersionSqlType {
    /// The number of bits.
    const BITS: u32;
}
impl VersionSqlType for diesel::sql_types::SmallInt {
    const BITS: u32 = 16;
}
impl VersionSqlType for diesel::sql_types::Integer {
    const BITS: u32 = 32;
}
impl VersionSqlType for diesel::sql_types::BigInt {
    const BITS: u32 = 64;
}

/// A model with the time of its last change.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no column with the time of the last change",
    label = "`updated_at` is needed here",
    note = "add `updated_at` to the struct, or mark a field with `#[handleref(updated_at)]`",
    note = "`created_at` alone would miss later changes; if rows never change, mark it with `#[handleref(updated_at)]`"
)]
pub trait Timestamped: HandleRef {
    /// The column of the creation; the one of the last change if there is no other.
    type Created: Column<Table = Self::Table> + Default;
    /// The column of the last change.
    type Updated: Column<Table = Self::Table> + Default;
    /// The SQL type of both, without `Nullable`.
    type TimeSql: TimeSqlType;
}

/// A model whose rows can be soft-deleted and restored.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be soft-deleted",
    label = "a column that says which rows are deleted is needed here",
    note = "add `pub deleted_at: Option<..>` (a nullable timestamp) to the struct, mark such a field with `#[handleref(deleted_at)]`, or mark a status field with `#[handleref(status(deleted = \"deleted\", live = \"ok\"))]`"
)]
pub trait SoftDelete: HandleRef {
    /// The condition of a live row.
    type Live;
    /// The condition of a soft-deleted row.
    type Deleted;
    /// The status column and its two values, or [`NoStatus`](crate::write::NoStatus).
    type Status: Send + Sync + 'static;

    /// What a soft delete involves: [`Single`](crate::lifecycle::Single), or
    /// [`Family`](crate::lifecycle::Family) if there are children or hooks.
    type OnDelete;
    /// What a restore involves: [`Single`](crate::lifecycle::Single), or
    /// [`Family`](crate::lifecycle::Family) if there are children, parents or hooks.
    type OnRestore;
    /// [`NoHooks`](crate::hooks::NoHooks) or [`WithHooks`](crate::hooks::WithHooks).
    type Hooks;

    /// The condition of a live row, as in `filter(Article::is_live())`. In a
    /// `left_join` it belongs into `ON`, where it removes the deleted partner;
    /// in `WHERE` it would remove the row on the left side as well:
    ///
    /// ```text
    /// topics::table.left_join(articles::table.on(
    ///     articles::topic_id.eq(topics::id).and(Article::is_live())))
    /// ```
    fn is_live() -> Self::Live;
    /// The condition of a soft-deleted row. (That of a reference,
    /// [`ObjectOf::is_deleted`](crate::changeset::ObjectOf::is_deleted), means that the row is gone.)
    fn is_deleted() -> Self::Deleted;
    /// The status values.
    #[doc(hidden)]
    fn status() -> Self::Status;
    /// Whether this instance is marked as deleted.
    fn deleted_mark(&self) -> bool;
}

/// A soft-deletable model with a column that tells one deletion from another;
/// needed where children are restored with their parent.
///
/// This is `deleted_at` or, in a model with a status alone, `updated_at`: all
/// rows of one deletion have the same moment there, which no other deletion
/// has, and a restore brings back the children with the moment of their parent.
///
/// With `updated_at` a change to a row *while it is deleted* moves the mark, and
/// the row is no longer known as part of that deletion: it does not come back
/// with its parent, and if it is a parent itself, its children do not come back
/// with it. They are restored by themselves then. A restore never brings back
/// more than the deletion removed. `deleted_at` does not have this limit.
#[diagnostic::on_unimplemented(
    message = "`{Self}` takes part in a cascade, but does not record which deletion removed a row",
    label = "`deleted_at` or `updated_at` is needed here",
    note = "add `pub deleted_at: Option<..>` (a nullable timestamp) to `{Self}`, or `pub updated_at: ..` if it has a status: restoring a parent brings back the children that were deleted at the same moment"
)]
pub trait DeletionStamp: SoftDelete {}

/// A child of `P`, as `#[handleref(parent(P))]` says.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name `{P}` as its parent",
    label = "not a child of `{P}`",
    note = "`{Self}` must derive `HandleRef` and say `#[handleref(parent({P}))]`"
)]
pub trait ChildOf<P>: HandleRef {
    /// The SQL names of the columns that refer to the parent's primary key.
    const FOREIGN_KEY: &'static [&'static str];
}

/// Says which model answers for a table, so that the table, and a query over it alone,
/// finds its roles: `articles::table: Managed<Article>`.
///
/// The derive implements it. If two structs of one table derive `HandleRef`,
/// one of them says `#[handleref(secondary)]` and leaves it to the other.
#[diagnostic::on_unimplemented(
    message = "no `HandleRef` model answers for the table or query `{Self}`",
    note = "derive `HandleRef` on the struct of this table; if it says `#[handleref(secondary)]`, the main struct must derive it too",
    note = "a query of several tables, or of an alias, takes conditions: `.filter(Article::is_live())`, `.filter(Article::changed_after(..))`"
)]
pub trait Managed<M: HandleRef> {}

/// A query over one table alone, filtered, ordered and the like.
#[diagnostic::do_not_recommend]
impl<M, T, S, D, W, O, LOf, G, H, LC> Managed<M>
    for SelectStatement<FromClause<T>, S, D, W, O, LOf, G, H, LC>
where
    M: HandleRef,
    T: Table + Managed<M>,
{
}

/// The same, boxed.
#[diagnostic::do_not_recommend]
impl<M, T, ST, DB, GB> Managed<M> for BoxedSelectStatement<'_, ST, FromClause<T>, DB, GB>
where
    M: HandleRef,
    T: Table + Managed<M>,
{
}
