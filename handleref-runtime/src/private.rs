//! What generated code may touch; no promise is made about it.

pub use crate::cascade::{AsNode, Children, HasParents, Link, Parent, ParentOf, Parents};
pub use crate::context::handed::Handed;
pub use crate::engine::Engine;
pub use crate::facts;
pub use crate::history::{
    FieldValue, Fields, LiveName, Mirrored, OfKey, Property, PropertyValue, Recall, RecordSource,
    Recorded, Records,
};
pub use crate::history::{MayBeNull, NullableType};
pub use crate::hooks::HookError;
pub use crate::hooks::{NoHooks, WithHooks};
pub use crate::lifecycle::{Family, Single};
pub use crate::model::{
    ChildOf, DeletionStamp, HandleRef, Managed, Roles, SoftDelete, Timestamped, VersionNumber,
    Versioned,
};
pub use crate::row::{ColumnWriter, Row};
pub use crate::scope::Undeleted;
pub use crate::session::Executor;
pub use crate::time::{TimeKind, TimeSqlType};
pub use crate::write::{NoStatus, StatusOf, TableName};
pub use diesel;
pub use diesel::query_source::{AppearsInFromClause, Once};
pub use diesel::sql_types as types;
pub use serde_json;

use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::QueryResult;

pub mod clean;
mod registered;

pub use registered::*;

/// What a program reads that somebody else may have written, for tests that try
/// everything.
pub mod parsers {
    #[cfg(feature = "redis")]
    pub use crate::redis::read_entry;

    /// An actor as it is stored: its kind, and its text.
    pub fn actor(kind: &str, text: &str) -> crate::changeset::Actor {
        crate::changeset::Actor::stored(kind, text.to_owned())
    }

    /// A time as a database gives it.
    pub fn time(text: &str) -> Option<chrono::NaiveDateTime> {
        crate::sql::parse_time(text)
    }
}

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

/// A value of the column `C`; short for the two bounds of Diesel.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored in the column `{C}` on `{DB}`",
    note = "implement Diesel's `ToSql` for it, or convert it with `#[diesel(serialize_as = ..)]`"
)]
pub trait Store<C, DB: Engine> {
    /// Writes the column with this value.
    fn store<'b>(&'b self, writer: &mut ColumnWriter<'_, 'b, DB>) -> QueryResult<()>;
}

#[diagnostic::do_not_recommend]
impl<C, V, DB> Store<C, DB> for V
where
    C: diesel::Column + diesel::Expression<SqlType: 'static>,
    V: diesel::serialize::ToSql<Sql<C>, DB>,
    DB: Engine + diesel::sql_types::HasSqlType<Sql<C>>,
{
    fn store<'b>(&'b self, writer: &mut ColumnWriter<'_, 'b, DB>) -> QueryResult<()> {
        writer.column::<C, V>(self)
    }
}

/// A field that is stored as another type, by `#[diesel(serialize_as)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be converted to `{S}` without being used up",
    note = "implement `Clone` for it, and `Into<{S}>`"
)]
pub trait StoredAs<S, DB> {
    /// The value that is stored.
    fn stored_as(&self) -> S;
}

#[diagnostic::do_not_recommend]
impl<T: Clone + Into<S>, S, DB> StoredAs<S, DB> for T {
    fn stored_as(&self) -> S {
        self.clone().into()
    }
}

/// A condition that can be part of a statement.
pub trait Condition<DB: Engine>: QueryFragment<DB> + Send + Sync {}
impl<T: QueryFragment<DB> + Send + Sync, DB: Engine> Condition<DB> for T {}

/// Whether a status field holds `value`.
#[diagnostic::on_unimplemented(
    message = "the status `{V}` cannot be compared with a field of type `{Self}`",
    note = "name the values: `#[handleref(status(deleted = Status::Deleted, live = Status::Active))]` (an enum must be `PartialEq`)",
    note = "or, if the field does not say which rows are deleted, mark it with `#[handleref(skip)]`"
)]
pub trait StatusField<V> {
    /// Whether this is `value`; a null is not.
    fn is(&self, value: &V) -> bool;
}

#[diagnostic::do_not_recommend]
impl<T: PartialEq> StatusField<T> for T {
    fn is(&self, value: &T) -> bool {
        self == value
    }
}

#[diagnostic::do_not_recommend]
impl<T: PartialEq> StatusField<T> for Option<T> {
    fn is(&self, value: &T) -> bool {
        self.as_ref() == Some(value)
    }
}

#[diagnostic::do_not_recommend]
impl StatusField<&'static str> for String {
    fn is(&self, value: &&'static str) -> bool {
        self == value
    }
}

#[diagnostic::do_not_recommend]
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
pub fn version_of<M: Versioned>(version: &M::Version) -> i64 {
    version.number()
}

/// The roles whose columns the model names elsewhere, without the bounds that
/// are checked there, so that a wrong type is reported once.
impl Roles {
    /// With the version column of `M`.
    pub const fn with_version_of<M: Versioned>(mut self) -> Self {
        self.version = Some((
            <M::VersionColumn as diesel::Column>::NAME,
            <M::Version as VersionNumber>::BITS,
        ));
        self
    }
    /// With the time of the creation of `M`.
    pub const fn with_created_at_of<M: Timestamped>(mut self) -> Self {
        self.created_at = Some((
            <M::Created as diesel::Column>::NAME,
            <M::TimeSql as TimeSqlType>::KIND,
        ));
        self
    }
    /// With the time of the last change of `M`.
    pub const fn with_updated_at_of<M: Timestamped>(mut self) -> Self {
        self.updated_at = Some((
            <M::Updated as diesel::Column>::NAME,
            <M::TimeSql as TimeSqlType>::KIND,
        ));
        self
    }
}

/// Compiles if one model answers for the table `T`. Its name is what the compiler
/// shows where there are two, as ambiguity has no message of ours.
pub const fn if_two_structs_derive_handleref_for_one_table_one_must_say_secondary<
    T: Managed<ModelOfTheTable>,
    ModelOfTheTable: HandleRef,
>() {
}

/// The table of which `M` has the records.
pub trait RecordedBy<M> {}

/// Compiles if one struct has the records of the table `T`; as the one above.
pub const fn only_one_struct_of_a_table_may_derive_recorded<
    T: RecordedBy<ModelOfTheTable>,
    ModelOfTheTable,
>() {
}

/// Compiles if the timestamp column `C` has the SQL type of the other one of
/// `M`, apart from `Nullable`.
pub const fn timestamps_agree<C, M>()
where
    C: diesel::Expression<SqlType: TimeSqlType<Plain = M::TimeSql>>,
    M: Timestamped,
{
}

/// The field of a deletion timestamp.
#[diagnostic::on_unimplemented(
    message = "a deletion timestamp must be nullable, and `{Self}` is not",
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
    fn link() -> Link;
}

impl<P, K, C> ChildLink<P, C> for K
where
    C: Executor,
    P: DeletionStamp,
    K: ChildOf<P> + DeletionStamp + AsNode<C> + Children<C> + Parents<C>,
{
    fn link() -> Link {
        Link::child::<P, K, C>()
    }
}

/// A parent of `K`; as [`ChildLink`].
pub trait ParentLink<K, C: Executor> {
    /// From the child up to this parent.
    fn link() -> Link;
}

impl<P, K, C> ParentLink<K, C> for P
where
    C: Executor,
    K: ChildOf<P>,
    P: AsNode<C> + Parents<C>,
{
    fn link() -> Link {
        Link::parent::<K, P, C>()
    }
}

/// Whether a child says which deletion removed a row.
pub const fn child_has_stamp<P: HandleRef, K: ChildOf<P>>() -> bool {
    K::ROLES.mark().is_some()
}

/// The number of key columns of a parent; 0 if it cannot be soft-deleted.
pub const fn parent_key<P: HandleRef>() -> usize {
    if P::ROLES.deleted_at.is_some() || P::ROLES.status.is_some() {
        P::KEY_COLUMNS.len()
    } else {
        0
    }
}

/// The columns of a recorded model.
pub type SnapshotOf<M> = <M as Recorded>::Snapshot;

/// `SELECT .. FROM` a record source.
pub type SelectFrom<S> =
    diesel::internal::table_macro::SelectStatement<diesel::internal::table_macro::FromClause<S>>;

/// Compiles if the column `C` may be null.
pub const fn may_be_null<C: MayBeNull>() {}

/// The type of a property that Rust computes.
#[diagnostic::on_unimplemented(
    message = "a property that Rust computes can be null, and `{Self}` cannot",
    note = "only the verbs of a row compute it, all other writes leave it null: `Nullable<..>`"
)]
pub trait ComputedType: facts::PropertySqlType {}
impl<ST> ComputedType for diesel::sql_types::Nullable<ST> where Self: facts::PropertySqlType {}

/// A property that Rust computes.
pub const fn computed_property<ST: ComputedType>(name: &'static str) -> facts::Property {
    facts::Property::new::<ST>(name, None)
}

/// What a recorded model says as a `HandleRef`, if it is one: inherent items
/// are preferred, and those of the traits below stand in where their bounds do
/// not hold.
#[derive(Debug)]
pub struct AsHandleRef<M>(std::marker::PhantomData<M>);

impl<M: HandleRef> AsHandleRef<M> {
    pub const ROLES: Roles = M::ROLES;
    pub const UNIQUE: &'static [&'static [&'static str]] = M::UNIQUE;
}
impl<M: Versioned> AsHandleRef<M> {
    pub fn version(row: &M) -> Option<i64> {
        Some(row.version())
    }
}

pub trait NoHandleRef {
    const ROLES: Roles = Roles::NONE;
    const UNIQUE: &'static [&'static [&'static str]] = &[];
}
impl<M> NoHandleRef for AsHandleRef<M> {}

pub trait NotVersioned<M> {
    fn version(_: &M) -> Option<i64> {
        None
    }
}
impl<M> NotVersioned<M> for AsHandleRef<M> {}

/// What [`schema!`](crate::schema!) asks of a model that derives `HandleRef`,
/// `Recorded` or both; as [`AsHandleRef`].
#[derive(Debug)]
pub struct SchemaOf<M>(std::marker::PhantomData<M>);

#[cfg(any(
    feature = "sqlite",
    feature = "postgres_backend",
    feature = "mysql_backend"
))]
mod schema_of {
    use super::{HandleRef, Recorded, SchemaOf};
    use crate::any::Subject;
    use crate::schema::{ModelSchema, Renderer};
    use diesel::QuerySource;
    use diesel::query_builder::QueryFragment;

    impl<M> SchemaOf<M>
    where
        M: HandleRef<Table: QuerySource<FromClause: QueryFragment<Renderer>>>,
    {
        pub fn model() -> ModelSchema {
            ModelSchema::of::<M>()
        }
    }
    impl<M: Recorded> SchemaOf<M> {
        pub fn recording() -> Option<Subject> {
            Some(Subject::of::<M>())
        }
    }

    /// A model that is recorded, and no `HandleRef`. The bound is on the method,
    /// so that a struct that is neither is told what it lacks.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` is neither a `HandleRef` model nor recorded",
        note = "add `#[derive(HandleRef)]`, `#[derive(Recorded)]` or both to `{Self}`, or take it out of `schema!`"
    )]
    pub trait RecordedModel {
        fn model() -> ModelSchema;
    }
    #[diagnostic::do_not_recommend]
    impl<M> RecordedModel for M
    where
        M: Recorded<LiveTable: Default + QuerySource<FromClause: QueryFragment<Renderer>>>,
    {
        fn model() -> ModelSchema {
            let (name, key) = (M::RECORDED_NAME, M::RECORDED_KEY);
            ModelSchema::recorded_only(name, &M::LiveTable::default(), key, M::RECORDING)
        }
    }

    pub trait RecordedAlone<M> {
        fn model() -> ModelSchema
        where
            M: RecordedModel,
        {
            M::model()
        }
    }
    impl<M> RecordedAlone<M> for SchemaOf<M> {}

    pub trait NotRecorded {
        fn recording() -> Option<Subject> {
            None
        }
    }
    impl<M> NotRecorded for SchemaOf<M> {}
}
#[cfg(any(
    feature = "sqlite",
    feature = "postgres_backend",
    feature = "mysql_backend"
))]
pub use schema_of::{NotRecorded, RecordedAlone, RecordedModel};

/// The properties of an instance that Rust computes; as [`AsHandleRef`].
#[derive(Debug)]
pub struct HandedBy<M>(std::marker::PhantomData<M>);

impl<M: Recorded> HandedBy<M> {
    pub fn handed(row: &M) -> Vec<Handed> {
        let records = M::RECORDING.records;
        let handed = |(property, value)| Handed {
            records,
            property,
            value,
        };
        row.computed().into_iter().map(handed).collect()
    }
}

/// Only after an error: the attributes of `Recorded` without the derive.
pub trait NothingHanded<M> {
    fn handed(_: &M) -> Vec<Handed> {
        Vec::new()
    }
}
impl<M> NothingHanded<M> for HandedBy<M> {}
