//! The one error type of the runtime.

mod class;
mod convert;
mod languages;
mod lives;
mod message;
#[cfg(test)]
mod tests;

pub use class::ErrorClass;
pub(crate) use convert::{changeset_required, is_conflict};
pub(crate) use lives::LIVES;

/// What can go wrong when a row is written, restored or reloaded.
///
/// The four answers to an optimistic write are kept apart: [`Stale`](Error::Stale)
/// (someone else wrote the row first), [`Gone`](Error::Gone) (it is not there
/// any more), [`Deleted`](Error::Deleted) (it is soft-deleted) and, as a value
/// instead of an error, [`Outcome::Unchanged`](crate::row::Outcome).
///
/// Converts to and from [`diesel::result::Error`] without loss, so that `?`
/// works in a function that returns either; see [`Error::from`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The row was changed by someone else since it was loaded.
    #[error(
        "{model} {key} was changed by someone else: this instance holds version {expected}, the database version \
         {found}; reload it and apply the change again"
    )]
    Stale {
        /// The model's name.
        model: &'static str,
        /// The row's key.
        key: String,
        /// The version that the instance holds.
        expected: i64,
        /// The version in the database.
        found: i64,
    },
    /// No row with this key exists.
    #[error("{model} {key} does not exist (any more)")]
    Gone {
        /// The model's name.
        model: &'static str,
        /// The row's key.
        key: String,
    },
    /// Another transaction was in the way: a deadlock, a lock that was waited
    /// for too long, a row that is newer than this transaction's snapshot.
    /// Repeat the whole transaction from its beginning; see
    /// [`is_retryable`](Error::is_retryable).
    #[error("{}: {cause}", message::in_the_way(*.lost))]
    Conflict {
        /// Whether the engine has rolled back the whole transaction, whatever
        /// savepoints were in it. Then the connection refuses what is left of
        /// it; [`recover`](crate::session::recover) makes the connection usable again.
        lost: bool,
        /// What the engine reports.
        #[source]
        cause: diesel::result::Error,
    },
    /// The database has ended the whole transaction, whatever savepoints were in
    /// it, and not for another transaction's sake: on SQLite the disk is full, or
    /// a trigger or a constraint of the user's says so; on MySQL and MariaDB a
    /// statement before has changed the schema, which commits. The connection is as after a [`Conflict`](Error::Conflict) that says `lost`.
    #[error("the database has ended the whole transaction: {cause}")]
    RolledBack {
        /// What the engine reports.
        #[source]
        cause: diesel::result::Error,
    },
    /// The row is soft-deleted; restore it first.
    #[error("{model} {key} is soft-deleted; restore it before writing to it")]
    Deleted {
        /// The model's name.
        model: &'static str,
        /// The row's key.
        key: String,
    },
    /// The history of a row has no such version: it never was, it was not
    /// recorded, or it was pruned.
    #[error(
        "the history of {model} {key} has no version {version}: it never was, was not recorded, or was pruned"
    )]
    NoVersion {
        /// The model's name.
        model: &'static str,
        /// The row's key.
        key: String,
        /// The version.
        version: i64,
    },
    /// A recorded model has no such field, or it is not kept in its history.
    #[error("{model} has no field `{field}` whose values are in its history")]
    NoField {
        /// The model's name.
        model: &'static str,
        /// The field or column.
        field: String,
    },
    /// A [`Registry`](crate::registry::Registry) has no such model, or not on this
    /// engine: it is not listed in `schema!`, it does not derive `Recorded`,
    /// `Queryable` and `Selectable`, or a field cannot be read there, or not be serialised.
    #[error(
        "the registry has no model `{name}` that this engine can read: list it in `schema!`, and derive `Recorded`, `Queryable` \
         and `Selectable`; its fields must be `Serialize`"
    )]
    NoModel {
        /// The name.
        name: String,
    },
    /// Rows of a model of a [`Registry`](crate::registry::Registry) cannot be
    /// soft-deleted or restored on this type of connection: the model does not
    /// derive `HandleRef` with a mark of deletion, or has no hooks for it.
    #[error("rows of {model} cannot be soft-deleted or restored on this type of connection")]
    NoVerb {
        /// The model's name.
        model: &'static str,
    },
    /// A revert would break something; nothing was written.
    #[error("{model} {key} cannot be reverted:{}", message::lines(.conflicts))]
    Revert {
        /// The model's name.
        model: &'static str,
        /// The row's key.
        key: String,
        /// What stands in the way.
        conflicts: Vec<crate::revert::Conflict>,
    },
    /// The records of a row are held, so nothing in them can be erased.
    #[error("the records of {model} {key} are held: {reason}; release the hold first")]
    Held {
        /// The model's name.
        model: &'static str,
        /// The row's key.
        key: String,
        /// Why they are held.
        reason: String,
    },
    /// Columns cannot be erased as a call says it; nothing was written.
    #[error("`{}` of {model} {reason}", .columns.join("`, `"))]
    CannotErase {
        /// The model's name.
        model: &'static str,
        /// The columns.
        columns: Vec<String>,
        /// Why, and what to do.
        reason: crate::maintain::Unerasable,
    },
    /// The recording of a model is not installed.
    #[error("the history `{records}` of {model} is not installed; see `handleref::schema!`")]
    NotInstalled {
        /// The model's name.
        model: &'static str,
        /// The record table.
        records: &'static str,
    },
    /// The database user has not a right that is needed, and what the server says
    /// about it would not tell.
    #[error(
        "the database user has not the right {right}: grant it; docs/grants.md says what each use needs"
    )]
    Denied {
        /// The right.
        right: String,
    },
    /// A changeset cannot be undone; nothing was written.
    #[error("changeset {no} cannot be undone:{}", message::lines(.conflicts))]
    Undo {
        /// Its number.
        no: crate::history::ChangesetNo,
        /// What stands in the way.
        conflicts: Vec<crate::changeset::UndoConflict>,
    },
    /// What a plan to undo a changeset says is not what would be done any more.
    #[error("rows were changed since the undo of changeset {no} was planned; make the plan again")]
    PlanOutdated {
        /// The number of the changeset.
        no: crate::history::ChangesetNo,
    },
    /// A changeset changed models that are not among those that were listed, or
    /// its undo would.
    #[error(
        "changeset {no}, or its undo, changes models that are not listed: list those with the record tables `{}` too",
        .tables.join("`, `")
    )]
    NotListed {
        /// The number of the changeset.
        no: crate::history::ChangesetNo,
        /// The record tables of those models.
        tables: Vec<String>,
    },
    /// A reference is to a row of another model, or its key cannot be read.
    #[error("{object} is no reference to a {model}")]
    WrongObject {
        /// What it refers to.
        object: String,
        /// The model that was asked for.
        model: &'static str,
    },
    /// There is no changeset with this number.
    #[error("there is no changeset {no}")]
    NoChangeset {
        /// The number.
        no: crate::history::ChangesetNo,
    },
    /// There is a changeset with the key that this one was to have; see
    /// [`ChangesetMeta::once`](crate::changeset::ChangesetMeta::once). Nothing was written.
    #[error(
        "changeset {changeset} has this key: what it stands for was done already, and nothing was written now"
    )]
    Repeated {
        /// The one that there is.
        changeset: crate::history::ChangesetNo,
    },
    /// Rows of this table are changed only in a changeset; see
    /// [`in_changeset`](crate::changeset::in_changeset).
    #[error("{table} needs a changeset; see `in_changeset`")]
    ChangesetRequired {
        /// The table.
        table: String,
    },
    /// A text cannot be stored as it is on every engine: it is too long, or there
    /// is a NUL in it; or a time is one that not every engine has. Nothing was
    /// written.
    #[error("the {what} cannot be stored: {reason}")]
    NotStorable {
        /// Which text or time.
        what: &'static str,
        /// Why.
        reason: &'static str,
    },
    /// A cursor is of another database, or it says that changes were read that
    /// are not here: the database was restored from a backup, or the
    /// transaction's snapshot is from before the cursor.
    #[error(
        "the cursor is of another database, or it has read changes that this one does not have (a restored backup, \
         an old snapshot): copy the rows again, or start at `Cursor::beginning()`"
    )]
    Foreign,
    /// A cursor says what no database writes: it was made by hand.
    #[error("{}", crate::sync::InvalidCursor)]
    InvalidCursor,
    /// A cursor is for other models than those that were asked for.
    #[error(
        "the cursor is for {}, and not for {}: ask for the same models, or start a cursor of its own",
        .cursor.join(", "),
        .asked.join(", ")
    )]
    WrongModels {
        /// The models of the cursor.
        cursor: Vec<String>,
        /// Those that were asked for.
        asked: Vec<String>,
    },
    /// Records that a cursor has not reached were pruned.
    #[error(
        "records of {model} after the cursor were pruned: copy the rows again, or start at `Cursor::beginning()` with \
         what is left"
    )]
    TooOld {
        /// The model whose records they were.
        model: &'static str,
    },
    /// A model is not among those of a store of diffs.
    #[error(
        "{model} is not among the models of the feed's store: name it where the store is made, as in \
         `feed::Database::<(.., {model})>::new()`"
    )]
    NotInFeed {
        /// Its name.
        model: String,
    },
    /// The database was copied, by a dump or a template, and its records are
    /// still those of the other one.
    #[error(
        "this database is a copy of another one, whose records it has: run `install` of its schema once, which makes \
         it one of its own"
    )]
    Copied,
    /// Changes cannot be read on a standby.
    #[error(
        "a standby of PostgreSQL does not say which transactions are going on: read changes from the primary"
    )]
    Standby,
    /// A row cannot be restored while its parent is soft-deleted.
    #[error(
        "{model} cannot be restored while its {parent} {parent_key} is soft-deleted; restore the parent first, or \
         restore upward with `.with_parents()`"
    )]
    ParentDeleted {
        /// The model of the row that was to be restored.
        model: &'static str,
        /// The parent's model.
        parent: &'static str,
        /// The parent's key.
        parent_key: String,
    },
    /// A hook or a trigger of the database took a row of this model away while
    /// it was being soft-deleted or restored: it deleted or restored the row
    /// itself, or changed what the row was found by; or it added a row to those
    /// whose children had been changed already. Everything was rolled back.
    #[error(
        "a hook or a trigger changed a {model} that was just being soft-deleted or restored, so that it no longer \
         belongs to the change: everything was rolled back"
    )]
    Interfered {
        /// The model's name.
        model: &'static str,
    },
    /// A restore with parents climbs over more tables than an engine lets a
    /// query be nested; nothing was written. Within one table there is no limit.
    #[error(
        "the parents of {model} go on above {levels} tables, which one restore cannot climb: restore the topmost ones \
         first"
    )]
    TooDeep {
        /// The model whose parents would have been next.
        model: &'static str,
        /// How many tables were climbed.
        levels: usize,
    },
    /// A statement assigns a column that handleref writes itself.
    #[error(
        "`{column}` of {model} is managed by handleref and cannot be set by hand; leave it out, in a derived changeset \
         with `#[diesel(skip_update)]`"
    )]
    ManagedColumn {
        /// The model's name.
        model: &'static str,
        /// The column.
        column: &'static str,
    },
    /// A query is as of a moment of models whose tables it does not read: it would be
    /// answered as of now.
    #[error(
        "the query reads no table of {}: name the models of the tables that it reads, as in \
         `.as_of::<(Article, Topic)>(..)`",
        .models.join(", ")
    )]
    NotRead {
        /// The models that were named.
        models: Vec<&'static str>,
    },
    /// A text is not the one query that [`query_as_of`](crate::registry::Registry::query_as_of) takes.
    #[error("the query cannot be asked as of a moment: {reason}")]
    NotOneSelect {
        /// Why.
        reason: &'static str,
    },
    /// [`expect_version`](crate::write::UpdateStatement::expect_version) is about one row,
    /// and the target of the update does not say which.
    #[error(
        "an expected version is that of one {model}: give `handleref::update` the row by its whole key, `find(key)` or \
         `&row`"
    )]
    ManyRows {
        /// The model's name.
        model: &'static str,
    },
    /// A statement assigns a column that the database computes; of a `save`,
    /// the field needs `#[handleref(generated)]`.
    #[error(
        "the database computes the column `{column}` and takes no value for it: mark the field with \
         `#[handleref(generated)]`, in a derived changeset with `#[diesel(skip_update)]`"
    )]
    GeneratedColumn {
        /// The column.
        column: String,
    },
    /// The row has the greatest version that its column, or the field, holds;
    /// nothing was written.
    #[error(
        "a row{} has the greatest version that its column holds: give the column and the field a wider integer (BIGINT \
         and `i64`), or the row a lower version",
        message::of_table(.of)
    )]
    VersionsEnd {
        /// The model or the table, if the database says it.
        of: Option<String>,
    },
    /// No free deletion timestamp was found: `deleted_at` (or `updated_at`, with
    /// a status) is too coarse to tell one deletion from another.
    #[error(
        "no free deletion timestamp for {model}: `deleted_at` (or `updated_at`, with a status) must hold microseconds \
         (DATETIME(6) on MySQL and MariaDB)"
    )]
    Stamp {
        /// The model's name.
        model: &'static str,
    },
    /// Tables that [`Schema::install`](crate::schema::Schema::install) must not
    /// change by itself; nothing was changed.
    #[error("the schema needs a decision:\n{}", crate::schema::problem::lines(.0))]
    Schema(Vec<crate::schema::Problem>),
    /// A row or a model that a mirror (`mirror::Mirror`) cannot mirror.
    #[error("{what} cannot be mirrored: {reason}")]
    Mirror {
        /// The row or the model.
        what: String,
        /// What is in the way.
        reason: String,
    },
    /// A lifecycle hook refused; everything was rolled back.
    #[error("a lifecycle hook refused: {0}")]
    Hook(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Redis does not have, or not any more, what was asked for. The database
    /// does: ask it with the same cursor.
    #[error(
        "Redis does not have what was asked for: {reason}; ask the database with the same cursor, for instance through \
         `Redis::or_database`"
    )]
    OutsideWindow {
        /// Why.
        reason: &'static str,
    },
    /// Redis refused, or is not there.
    #[cfg(feature = "redis")]
    #[error("Redis: {0}")]
    Redis(#[from] ::redis::RedisError),
    /// The database or Diesel refused.
    // Not `transparent`: the source is Diesel's error itself, not the source of that.
    #[error("{0}")]
    Database(#[source] diesel::result::Error),
}
