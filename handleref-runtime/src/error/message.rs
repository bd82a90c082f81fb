//! What the errors say.

use super::{Error, changeset_required};
use std::error::Error as StdError;
use std::fmt;

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
            Self::CannotErase {
                model,
                columns,
                reason,
            } => write!(f, "`{}` of {model} {reason}", columns.join("`, `")),
            Self::NotInstalled { model, records } => write!(
                f,
                "the history `{records}` of {model} is not installed; see `handleref::schema!`"
            ),
            Self::Denied { right } => write!(
                f,
                "the database user has not the right {right}: grant it; docs/grants.md says what each use needs"
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
                write!(f, "the {what} cannot be stored: {reason}")
            }
            Self::Foreign => f.write_str(
                "the cursor is of another database, or it has read changes that this one does not have (a restored backup, \
                 an old snapshot): copy the rows again, or start at `Cursor::beginning()`",
            ),
            Self::InvalidCursor => f.write_str(crate::sync::NO_CURSOR),
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
