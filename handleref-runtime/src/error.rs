//! The one error type of the runtime.

use crate::last_version::versions_end;
use diesel::result::DatabaseErrorKind;
use std::error::Error as StdError;
use std::fmt;

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
        /// it; [`recover`](crate::executor::recover) makes the connection usable again.
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
    /// The recording of a model is not installed.
    NotInstalled {
        /// The model's name.
        model: &'static str,
        /// The record table.
        records: &'static str,
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
    /// What a changeset says about itself cannot be stored as it is: it is too
    /// long, or of a time that not every engine has. Nothing was written.
    NotStorable {
        /// Which part of it.
        what: &'static str,
        /// Why.
        reason: &'static str,
    },
    /// A cursor is of another database, or it says that changes were read that
    /// are not here: the database was restored from a backup, or the
    /// transaction's snapshot is from before the cursor.
    Foreign,
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
    Hook(Box<dyn StdError + Send + Sync>),
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

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stale {
                model,
                key,
                expected,
                found,
            } => write!(
                f,
                "{model} {key} was changed by someone else: this instance holds version {expected}, \
                 the database version {found}; reload it and apply the change again"
            ),
            Self::Gone { model, key } => write!(f, "{model} {key} does not exist (any more)"),
            Self::Conflict { lost: false, cause } => write!(
                f,
                "another transaction was in the way; repeat this one from its beginning: {cause}"
            ),
            Self::Conflict { lost: true, cause } => write!(
                f,
                "the database has rolled back the whole transaction; repeat it from its beginning: {cause}"
            ),
            Self::RolledBack { cause } => {
                write!(f, "the database has ended the whole transaction: {cause}")
            }
            Self::Deleted { model, key } => write!(
                f,
                "{model} {key} is soft-deleted; restore it before writing to it"
            ),
            Self::NoVersion {
                model,
                key,
                version,
            } => write!(
                f,
                "the history of {model} {key} has no version {version}: it never was, was not recorded, or was pruned"
            ),
            Self::NoField { model, field } => write!(
                f,
                "{model} has no field `{field}` whose values are in its history"
            ),
            Self::Revert {
                model,
                key,
                conflicts,
            } => {
                write!(f, "{model} {key} cannot be reverted:")?;
                for conflict in conflicts {
                    write!(f, "\n  {conflict}")?;
                }
                Ok(())
            }
            Self::Held { model, key, reason } => write!(
                f,
                "the records of {model} {key} are held: {reason}; release the hold first"
            ),
            Self::NotInstalled { model, records } => write!(
                f,
                "the history `{records}` of {model} is not installed; see `handleref::schema!`"
            ),
            Self::Undo { no, conflicts } => {
                write!(f, "changeset {no} cannot be undone:")?;
                for conflict in conflicts {
                    write!(f, "\n  {conflict}")?;
                }
                Ok(())
            }
            Self::PlanOutdated { no } => write!(
                f,
                "rows were changed since the undo of changeset {no} was planned; make the plan again"
            ),
            Self::NotListed { no, tables } => write!(
                f,
                "changeset {no}, or its undo, changes models that are not listed: list those with the record tables `{}` too",
                tables.join("`, `")
            ),
            Self::WrongObject { object, model } => {
                write!(f, "{object} is no reference to a {model}")
            }
            Self::NoChangeset { no } => write!(f, "there is no changeset {no}"),
            Self::ChangesetRequired { table } => f.write_str(&changeset_required(table)),
            Self::NotStorable { what, reason } => {
                write!(f, "the {what} of a changeset cannot be stored: {reason}")
            }
            Self::Foreign => f.write_str(
                "the cursor is of another database, or it has read changes that this one does not have (a restored backup, \
                 an old snapshot): copy the rows again, or start at `Cursor::beginning()`",
            ),
            Self::WrongModels { cursor, asked } => write!(
                f,
                "the cursor is for {}, and not for {}: ask for the same models, or start a cursor of its own",
                cursor.join(", "),
                asked.join(", ")
            ),
            Self::TooOld { model } => write!(
                f,
                "records of {model} after the cursor were pruned: copy the rows again, or start at \
                 `Cursor::beginning()` with what is left"
            ),
            Self::NotInFeed { model } => write!(
                f,
                "{model} is not among the models of the feed's store: name it where the store is made, as in \
                 `feed::Database::<(.., {model})>::new()`"
            ),
            Self::Copied => f.write_str(
                "this database is a copy of another one, whose records it has: run `install` of its schema once, \
                 which makes it one of its own",
            ),
            Self::Standby => f.write_str(
                "a standby of PostgreSQL does not say which transactions are going on: read changes from the primary",
            ),
            Self::ParentDeleted {
                model,
                parent,
                parent_key,
            } => write!(
                f,
                "{model} cannot be restored while its {parent} {parent_key} is soft-deleted; \
                 restore the parent first, or restore upward with `.with_parents()`"
            ),
            Self::Interfered { model } => write!(
                f,
                "a hook or a trigger changed a {model} that was just being soft-deleted or restored, so that it no longer \
                 belongs to the change: everything was rolled back"
            ),
            Self::TooDeep { model, levels } => write!(
                f,
                "the parents of {model} go on above {levels} tables, which one restore cannot climb: \
                 restore the topmost ones first"
            ),
            Self::ManagedColumn { model, column } => write!(
                f,
                "`{column}` of {model} is managed by handleref and cannot be set by hand; leave it out, \
                 in a derived changeset with `#[diesel(skip_update)]`"
            ),
            Self::GeneratedColumn { column } => write!(
                f,
                "the database computes the column `{column}` and takes no value for it: mark the field with \
                 `#[handleref(generated)]`, in a derived changeset with `#[diesel(skip_update)]`"
            ),
            Self::VersionsEnd { of } => {
                f.write_str("a row")?;
                if let Some(of) = of {
                    write!(f, " of {of}")?;
                }
                f.write_str(
                    " has the greatest version that its column holds: give the column and the field a wider integer \
                     (BIGINT and `i64`), or the row a lower version",
                )
            }
            Self::Stamp { model } => write!(
                f,
                "no free deletion timestamp for {model}: `deleted_at` (or `updated_at`, beside a status) must hold microseconds \
                 (DATETIME(6) on MySQL and MariaDB)"
            ),
            Self::Schema(problems) => {
                f.write_str("the schema needs a decision:\n")?;
                crate::schema::problem::write_all(f, problems)
            }
            Self::Mirror { what, reason } => write!(f, "{what} cannot be mirrored: {reason}"),
            Self::Hook(error) => write!(f, "a lifecycle hook refused: {error}"),
            Self::NotHeld { reason } => write!(
                f,
                "Redis does not have what was asked for: {reason}; ask the database with the same cursor, \
                 for instance through `Redis::or_database`"
            ),
            #[cfg(feature = "redis")]
            Self::Redis(error) => write!(f, "Redis: {error}"),
            Self::Database(error) => error.fmt(f),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Hook(error) => Some(&**error),
            #[cfg(feature = "redis")]
            Self::Redis(error) => Some(error),
            Self::Database(error)
            | Self::Conflict { cause: error, .. }
            | Self::RolledBack { cause: error } => Some(error),
            _ => None,
        }
    }
}

impl From<diesel::result::Error> for Error {
    /// Wraps the error of a statement, and unwraps an [`Error`] that travelled
    /// through Diesel.
    fn from(error: diesel::result::Error) -> Self {
        match error {
            diesel::result::Error::QueryBuilderError(inner) => match inner.downcast::<Self>() {
                Ok(own) => *own,
                Err(other) => Self::Database(diesel::result::Error::QueryBuilderError(other)),
            },
            conflict if is_conflict(&conflict) => Self::Conflict {
                lost: false,
                cause: conflict,
            },
            diesel::result::Error::DatabaseError(_, ref info) => {
                if let Some(table) = table_that_requires_a_changeset(info.message()) {
                    return Self::ChangesetRequired { table };
                }
                if let Some(column) = generated_column(info.message()) {
                    return Self::GeneratedColumn { column };
                }
                match versions_end(info.message()) {
                    Some(of) => Self::VersionsEnd { of },
                    None => Self::Database(error),
                }
            }
            other => Self::Database(other),
        }
    }
}

#[cfg(feature = "redis")]
impl From<::redis::RedisError> for Error {
    fn from(error: ::redis::RedisError) -> Self {
        Self::Redis(error)
    }
}

impl From<Error> for diesel::result::Error {
    /// Packs the error so that `?` works where Diesel's is expected; converting
    /// back gives the same error.
    fn from(error: Error) -> Self {
        match error {
            Error::Database(error)
            | Error::Conflict {
                lost: false,
                cause: error,
            } => error,
            own => Self::QueryBuilderError(Box::new(own)),
        }
    }
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

/// Whether another transaction was in the way. Diesel has a kind for a part of
/// these only, and no number for the rest.
pub(crate) fn is_conflict(error: &diesel::result::Error) -> bool {
    const SAID: [&str; 7] = [
        // MySQL and MariaDB: 1213, 1205, 1020.
        "Deadlock found when trying to get lock",
        "Lock wait timeout exceeded",
        "Record has changed since last read in table",
        // PostgreSQL: 40P01, 55P03.
        "deadlock detected",
        "canceling statement due to lock timeout",
        // SQLite: BUSY and its kinds, LOCKED.
        "database is locked",
        "database table is locked",
    ];
    match error {
        diesel::result::Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => true,
        diesel::result::Error::DatabaseError(_, info) => {
            SAID.iter().any(|said| info.message().starts_with(said))
        }
        _ => false,
    }
}

const REQUIRED: [&str; 2] = ["handleref: ", " needs a changeset; see `record_changeset`"];

/// What the triggers of a table say that requires a changeset. MySQL cuts a
/// message after 128 characters.
pub(crate) fn changeset_required(table: &str) -> String {
    let [before, after] = REQUIRED;
    format!("{before}{table}{after}")
}

fn table_that_requires_a_changeset(message: &str) -> Option<String> {
    let [before, after] = REQUIRED;
    let table = message.strip_prefix(before)?.strip_suffix(after)?;
    Some(table.to_owned())
}

/// The generated column that a message is about, in the words of SQLite,
/// PostgreSQL, and MySQL and MariaDB.
fn generated_column(message: &str) -> Option<String> {
    let found = if let Some(rest) = message.strip_prefix("cannot UPDATE generated column ") {
        rest.trim_matches('"')
    } else if let Some(rest) = message.strip_suffix("\" can only be updated to DEFAULT") {
        rest.strip_prefix("column \"")?
    } else {
        let rest = message.strip_prefix("The value specified for generated column '")?;
        rest.split_once("' in table ")?.0
    };
    Some(found.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_on_the_way_through_diesel() {
        let stale = || Error::Stale {
            model: "Article",
            key: "7".into(),
            expected: 1,
            found: 2,
        };
        let back = Error::from(diesel::result::Error::from(stale()));
        assert!(
            matches!(
                back,
                Error::Stale {
                    model: "Article",
                    expected: 1,
                    found: 2,
                    ..
                }
            ),
            "{back:?}"
        );
        assert_eq!(back.to_string(), stale().to_string());
        let plain = Error::from(diesel::result::Error::NotFound);
        assert!(matches!(
            diesel::result::Error::from(plain),
            diesel::result::Error::NotFound
        ));
    }
}
