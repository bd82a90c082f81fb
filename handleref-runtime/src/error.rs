//! The one error type of the runtime.

mod convert;
mod languages;
mod message;
#[cfg(test)]
mod tests;

pub(crate) use convert::{changeset_required, is_conflict};

/// What can go wrong when a row is written, restored or reloaded.
///
/// The four answers to an optimistic write are kept apart: [`Stale`](Error::Stale)
/// (someone else wrote the row first), [`Gone`](Error::Gone) (it is not there
/// any more), [`Deleted`](Error::Deleted) (it is soft-deleted) and, as a value
/// instead of an error, [`Outcome::Unchanged`](crate::row::Outcome).
///
/// Converts to and from [`diesel::result::Error`] without loss, so that `?`
/// works in a function that returns either; see [`Error::from`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The row was changed by someone else since it was loaded.
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
    Conflict {
        /// Whether the engine has rolled back the whole transaction, whatever
        /// savepoints were in it. Then the connection refuses what is left of
        /// it; [`recover`](crate::session::recover) makes the connection usable again.
        lost: bool,
        /// What the engine said.
        cause: diesel::result::Error,
    },
    /// The database has ended the whole transaction, whatever savepoints were in
    /// it, and not for another transaction's sake: on SQLite the disk is full, or
    /// a trigger or a constraint of the user's says so; on MySQL and MariaDB a
    /// statement before has changed the schema, which commits. The connection is as after a [`Conflict`](Error::Conflict) that says `lost`.
    RolledBack {
        /// What the engine said.
        cause: diesel::result::Error,
    },
    /// The row is soft-deleted; restore it first.
    Deleted {
        /// The model's name.
        model: &'static str,
        /// The row's key.
        key: String,
    },
    /// The history of a row has no such version: it never was, it was not
    /// recorded, or it was pruned.
    NoVersion {
        /// The model's name.
        model: &'static str,
        /// The row's key.
        key: String,
        /// The version.
        version: i64,
    },
    /// A recorded model has no such field, or it is not kept in its history.
    NoField {
        /// The model's name.
        model: &'static str,
        /// The field or column.
        field: String,
    },
    /// A revert would break something; nothing was written.
    Revert {
        /// The model's name.
        model: &'static str,
        /// The row's key.
        key: String,
        /// What stands in the way.
        conflicts: Vec<crate::record::Conflict>,
    },
    /// The records of a row are held, so nothing in them can be erased.
    Held {
        /// The model's name.
        model: &'static str,
        /// The row's key.
        key: String,
        /// Why they are held.
        reason: String,
    },
    /// Columns cannot be erased as a call says it; nothing was written.
    CannotErase {
        /// The model's name.
        model: &'static str,
        /// The columns.
        columns: Vec<String>,
        /// Why, and what to do.
        reason: crate::record::maintain::Unerasable,
    },
    /// The recording of a model is not installed.
    NotInstalled {
        /// The model's name.
        model: &'static str,
        /// The record table.
        records: &'static str,
    },
    /// The database user has not a right that is needed, and what the server says
    /// about it would not tell.
    Denied {
        /// The right.
        right: String,
    },
    /// A changeset cannot be undone; nothing was written.
    Undo {
        /// Its number.
        no: i64,
        /// What stands in the way.
        conflicts: Vec<crate::changeset::UndoConflict>,
    },
    /// What a plan to undo a changeset says is not what would be done any more.
    PlanOutdated {
        /// The number of the changeset.
        no: i64,
    },
    /// A changeset changed models that are not among those that were listed, or
    /// its undo would.
    NotListed {
        /// The number of the changeset.
        no: i64,
        /// The record tables of those models.
        tables: Vec<String>,
    },
    /// A reference is to a row of another model, or its key cannot be read.
    WrongObject {
        /// What it refers to.
        object: String,
        /// The model that was asked for.
        model: &'static str,
    },
    /// There is no changeset with this number.
    NoChangeset {
        /// The number.
        no: i64,
    },
    /// Rows of this table are changed only in a changeset; see
    /// [`record_changeset`](crate::changeset::record_changeset).
    ChangesetRequired {
        /// The table.
        table: String,
    },
    /// A text cannot be stored as it is on every engine: it is too long, or there
    /// is a NUL in it; or a time is one that not every engine has. Nothing was
    /// written.
    NotStorable {
        /// Which text or time.
        what: &'static str,
        /// Why.
        reason: &'static str,
    },
    /// A cursor is of another database, or it says that changes were read that
    /// are not here: the database was restored from a backup, or the
    /// transaction's snapshot is from before the cursor.
    Foreign,
    /// A cursor says what no database can have said: somebody made it.
    InvalidCursor,
    /// A cursor is for other models than those that were asked for.
    WrongModels {
        /// The models of the cursor.
        cursor: Vec<String>,
        /// Those that were asked for.
        asked: Vec<String>,
    },
    /// Records that a cursor has not reached were pruned.
    TooOld {
        /// The model whose records they were.
        model: &'static str,
    },
    /// A model is not among those of a store of diffs.
    NotInFeed {
        /// Its name.
        model: String,
    },
    /// The database was copied, by a dump or a template, and its records are
    /// still those of the other one.
    Copied,
    /// Changes cannot be read on a standby.
    Standby,
    /// A row cannot be restored while its parent is soft-deleted.
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
    Interfered {
        /// The model's name.
        model: &'static str,
    },
    /// A restore with parents climbs over more tables than an engine lets a
    /// query be nested; nothing was written. Within one table there is no limit.
    TooDeep {
        /// The model whose parents would have been next.
        model: &'static str,
        /// How many tables were climbed.
        levels: usize,
    },
    /// A statement assigns a column that handleref writes itself.
    ManagedColumn {
        /// The model's name.
        model: &'static str,
        /// The column.
        column: &'static str,
    },
    /// A statement assigns a column that the database computes; of a `save`,
    /// the field needs `#[handleref(generated)]`.
    GeneratedColumn {
        /// The column.
        column: String,
    },
    /// The row has the greatest version that its column, or the field, holds;
    /// nothing was written.
    VersionsEnd {
        /// The model or the table, if the database says it.
        of: Option<String>,
    },
    /// No free deletion timestamp was found: `deleted_at` (or `updated_at`, beside
    /// a status) is too coarse to tell one deletion from another.
    Stamp {
        /// The model's name.
        model: &'static str,
    },
    /// Tables that [`Schema::install`](crate::schema::Schema::install) must not
    /// change by itself; nothing was changed.
    Schema(Vec<crate::schema::Problem>),
    /// A row or a model that a mirror (`sync::Mirror`) cannot mirror.
    Mirror {
        /// The row or the model.
        what: String,
        /// What is in the way.
        reason: String,
    },
    /// A lifecycle hook refused; everything was rolled back.
    Hook(Box<dyn std::error::Error + Send + Sync>),
    /// Redis does not hold, or not any more, what was asked for. The database
    /// does: ask it with the same cursor.
    NotHeld {
        /// Why.
        reason: &'static str,
    },
    /// Redis refused, or is not there.
    #[cfg(feature = "redis")]
    Redis(::redis::RedisError),
    /// The database or Diesel refused.
    Database(diesel::result::Error),
}

impl Error {
    /// Whether the same may succeed if the whole transaction is repeated from
    /// its beginning, with everything read anew: [`Error::Conflict`].
    ///
    /// For an error of Diesel: `handleref::Error::from(error).is_retryable()`.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Conflict { .. })
    }
}
