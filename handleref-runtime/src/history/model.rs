//! What `#[derive(Recorded)]` says about a struct.

use super::columns::{RecordChangeset, RecordId, RecordOperation, RecordVersion, RecordedAt};
use crate::cascade::Parent;
use crate::engine::Engine;
use crate::facts::Recording;
use crate::hooks::HookError;
use crate::key::Key;
use crate::model::Roles;
use crate::row::ColumnWriter;
use diesel::Table;
use diesel::internal::table_macro::{Identifier, StaticQueryFragment};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use std::marker::PhantomData;

/// A struct whose rows have a past: every change of a row is a record.
///
/// Implemented by `#[derive(Recorded)]`. What installs the record table and
/// its triggers is [`schema!`](crate::schema!).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not recorded",
    label = "a model with a history is needed here",
    note = "add `#[derive(Recorded)]` to `{Self}`"
)]
pub trait Recorded: Sized + Send + Sync + 'static {
    /// The Diesel table of the present rows.
    type LiveTable: Table + LiveName;
    /// The records as a Diesel table; `ArticleRecords` for `Article`.
    type Records: RecordSource<Model = Self> + Default;
    /// The model's own columns, as a selection.
    #[doc(hidden)]
    type Snapshot;
    /// The primary key; a tuple if it is composite.
    type RecordKey: Key;
    /// The records of one row.
    type History;
    /// The struct's name.
    const RECORDED_NAME: &'static str;
    /// The SQL names of the primary key's columns.
    const RECORDED_KEY: &'static [&'static str];
    /// What is recorded, and how.
    const RECORDING: Recording;
    /// The columns that handleref writes; none, unless the struct derives
    /// `HandleRef` too.
    const RECORDED_ROLES: Roles;
    /// Sets of columns that are unique among the living, as `HandleRef` says.
    #[doc(hidden)]
    const RECORDED_UNIQUE: &'static [&'static [&'static str]];

    /// The records of all rows: a Diesel table over the model's own columns,
    /// and the columns of [`RecordSource`].
    fn records() -> Self::Records {
        Self::Records::default()
    }

    /// The records of the row with this key, whether it still exists or not.
    fn history_of(key: Self::RecordKey) -> Self::History;

    /// The records of this row, whether it still exists or not.
    fn history(&self) -> Self::History {
        Self::history_of(self.record_key())
    }

    /// The row's primary key.
    fn record_key(&self) -> Self::RecordKey;

    /// The version that this instance holds, if the model has one.
    #[doc(hidden)]
    fn recorded_version(&self) -> Option<i64>;

    /// The model's own columns, as a selection.
    #[doc(hidden)]
    fn snapshot() -> Self::Snapshot;

    /// The properties that Rust computes, as texts that the database converts.
    #[doc(hidden)]
    fn computed(&self) -> Vec<(&'static str, Option<String>)> {
        Vec::new()
    }

    /// Whether this row, which a revert is about to write, is as it should be;
    /// the function that `#[recorded(validate = ..)]` names.
    ///
    /// # Errors
    /// Whatever the function refuses with.
    fn validate(&self) -> Result<(), HookError> {
        Ok(())
    }
}

/// What operations on the past of a row need on the engine `DB`.
#[diagnostic::on_unimplemented(
    message = "the past of `{Self}` cannot be read from `{DB}`",
    note = "derive `Recorded`; the key's type must be `ToSql` for its column on this engine"
)]
pub trait Recall<DB: Engine>: Recorded {
    /// Gives the columns of the primary key to `writer`.
    #[doc(hidden)]
    fn walk_key<'b>(
        key: &'b Self::RecordKey,
        writer: &mut ColumnWriter<'_, 'b, DB>,
    ) -> QueryResult<()>;

    /// The parents that `HandleRef` names.
    #[doc(hidden)]
    fn recalled_parents() -> Vec<Parent>;
}

/// The records of a model as a Diesel table.
///
/// In a query it stands under the name of the table that it records, so the
/// model's own columns, filters and `Article::as_select()` work on it. What a
/// record has beyond the row are these columns:
///
/// ```text
/// Article::records()
///     .filter(ArticleRecords::OPERATION.eq(Operation::Delete))
///     .order(ArticleRecords::RECORD_ID.desc())
/// ```
pub trait RecordSource: Table {
    /// The model.
    type Model: Recorded;
    /// The number of the record, `BigInt`; later records have greater ones,
    /// over all models of a database.
    const RECORD_ID: RecordId<Self> = RecordId::NEW;
    /// The version of the row that the record holds, `BigInt`.
    const VERSION: RecordVersion<Self> = RecordVersion::NEW;
    /// What happened, [`Operation`](super::Operation) (`Text`).
    const OPERATION: RecordOperation<Self> = RecordOperation::NEW;
    /// When it happened, UTC, by the database's clock (`Timestamp`).
    const AT: RecordedAt<Self> = RecordedAt::NEW;
    /// The changeset that it was part of, `Nullable<BigInt>`.
    const CHANGESET: RecordChangeset<Self> = RecordChangeset::NEW;
}

/// A table with a name that another relation can stand under.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be recorded, nor be a relative, because `table!` names its schema",
    label = "a table with a schema's name before its own",
    note = "write `table! {{ articles .. }}` instead of `table! {{ app.articles .. }}`, and set the search path of the connection"
)]
pub trait LiveName {
    /// The table's SQL name.
    const SQL_NAME: &'static str;
}

#[diagnostic::do_not_recommend]
impl<T: StaticQueryFragment<Component: NameOf<T>>> LiveName for T {
    const SQL_NAME: &'static str = T::Component::NAME;
}

/// The one name of the table `T`; a trait, because a type that differs would
/// be stated in the words of the compiler.
#[doc(hidden)]
pub trait NameOf<T> {
    /// The name.
    const NAME: &'static str;
}

impl<T: StaticQueryFragment<Component = Self>> NameOf<T> for Identifier<'static> {
    const NAME: &'static str = T::STATIC_COMPONENT.0;
}

/// The FROM clause of a record source: the record table under the name of the
/// table that it records.
#[derive(Debug)]
pub struct Records<M>(PhantomData<fn() -> M>);

impl<M> Records<M> {
    #[doc(hidden)]
    pub const NEW: Self = Self(PhantomData);
}

impl<M> Clone for Records<M> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<M> Copy for Records<M> {}

impl<M: 'static> QueryId for Records<M> {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<M: Recorded, DB: Engine> QueryFragment<DB> for Records<M> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let columns = M::RECORDING.columns;
        if columns.iter().any(|it| it.converted(DB::KIND).is_some()) {
            out.push_sql(&super::declared::records(
                DB::KIND,
                M::LiveTable::SQL_NAME,
                &M::RECORDING,
            ));
        } else {
            out.push_identifier(M::RECORDING.records)?;
        }
        out.push_sql(" AS ");
        out.push_identifier(M::LiveTable::SQL_NAME)
    }
}

/// Lets the records of a model appear in queries with other tables, or with
/// the records of other models, as `allow_tables_to_appear_in_same_query!`
/// does for tables. Needed for joins, which name their `on`:
///
/// ```text
/// handleref::allow_records_to_appear_in_same_query!(ArticleRecords, topics::table, users::table);
/// Article::records().inner_join(topics::table.on(topics::id.eq(articles::topic_id)))
/// ```
///
/// For two record sources each must be allowed beside the table of the other.
#[macro_export]
macro_rules! allow_records_to_appear_in_same_query {
    ($records:ty, $($other:ty),+ $(,)?) => { $(
        impl $crate::private::diesel::query_source::TableNotEqual<$other> for $records {}
        impl $crate::private::diesel::query_source::TableNotEqual<$records> for $other {}
    )+ };
}
