//! What stands in the way.

use serde_json::Value;
use std::fmt;

/// What stands in the way of a revert, or will be lost by it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "conflict", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Conflict {
    /// The field was changed since; these changes will be overwritten. The
    /// revert can be applied all the same.
    LaterEdit {
        /// The field.
        field: &'static str,
        /// The versions that changed it.
        versions: Vec<i64>,
    },
    /// The record holds a value of a column that the model does not have any
    /// more; it stays in the past. The revert can be applied all the same.
    ColumnGone {
        /// The column.
        column: String,
    },
    /// Another row has these values, which are unique.
    UniqueTaken {
        /// The columns.
        columns: Vec<String>,
        /// The key of the other row.
        by: String,
    },
    /// The row would be live under a parent that is soft-deleted.
    ParentDeleted {
        /// The parent's model.
        parent: String,
        /// The parent's key.
        key: String,
    },
    /// The row would refer to something that does not exist (any more).
    ParentGone {
        /// The table.
        table: String,
        /// The columns that refer to it.
        columns: Vec<String>,
        /// Their values.
        key: String,
    },
    /// The row is gone.
    Gone,
    /// There is a row with this key again, and it is another one.
    KeyTaken,
    /// The field was set to something else since. An undo does not overwrite
    /// that; [`resolve`](crate::changeset::Undo::resolve) says what it is to be.
    EditedSince {
        /// The field.
        field: &'static str,
        /// What the changeset set it to.
        then: Value,
        /// What it is now.
        now: Value,
    },
    /// The values of the field were erased from the history, so what it was
    /// cannot be brought back; and what it is would be overwritten by null, or by
    /// what came in their place. Leave the field out
    /// ([`Revert::without`](crate::revert::Revert::without)), or say what it is to be
    /// ([`resolve`](crate::changeset::Undo::resolve)).
    Erased {
        /// The field.
        field: &'static str,
        /// Whether the row is gone. Then nothing is overwritten, and it can be
        /// inserted all the same, with what is left.
        gone: bool,
    },
    /// The field changed, but its values are not recorded; it stays as it is.
    /// The undo can be applied all the same.
    ValueUnknown {
        /// The field.
        field: &'static str,
    },
    /// What the row was before is not known: the record was pruned, or never
    /// written.
    PastUnknown,
    /// The row would be changed along, though the changeset did not change it:
    /// by a foreign key that acts, or by a trigger.
    Collateral {
        /// Whether it would be deleted.
        deleted: bool,
    },
    /// The database refuses.
    Refused {
        /// What it says.
        message: String,
    },
    /// The function that `#[recorded(validate = ..)]` names refused.
    Invalid {
        /// What it said.
        message: String,
    },
}

impl Conflict {
    /// Whether the revert cannot be applied.
    pub fn is_blocking(&self) -> bool {
        !matches!(
            self,
            Self::LaterEdit { .. }
                | Self::ColumnGone { .. }
                | Self::ValueUnknown { .. }
                | Self::Erased { gone: true, .. }
        )
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LaterEdit { field, versions } => {
                let versions: Vec<_> = versions.iter().map(i64::to_string).collect();
                let versions = versions.join(", ");
                write!(
                    f,
                    "overwrites the later change of `{field}` in version {versions}"
                )
            }
            Self::ColumnGone { column } => write!(
                f,
                "the model has no field for the column `{column}` any more; its value stays in the past"
            ),
            Self::UniqueTaken { columns, by } => {
                let columns = columns.join("`, `");
                write!(
                    f,
                    "the value of `{columns}` must be unique, and {by} has it"
                )
            }
            Self::ParentDeleted { parent, key } => {
                write!(f, "its {parent} {key} is soft-deleted; restore that first")
            }
            Self::ParentGone {
                table,
                columns,
                key,
            } => {
                let columns = columns.join("`, `");
                write!(
                    f,
                    "`{columns}` refers to {key} in `{table}`, which does not exist"
                )
            }
            Self::Gone => f.write_str("it does not exist any more"),
            Self::KeyTaken => f.write_str("another row has its key by now"),
            Self::EditedSince { field, then, now } => write!(
                f,
                "`{field}` was set to {then} and is {now} by now; say what it is to be"
            ),
            Self::Erased { field, gone: true } => write!(
                f,
                "the values of `{field}` were erased, so it comes back without what it was"
            ),
            Self::Erased { field, gone: false } => write!(
                f,
                "the values of `{field}` were erased, so what it was cannot be brought back; leave it out, or say what \
                 it is to be"
            ),
            Self::ValueUnknown { field } => write!(
                f,
                "`{field}` changed, but its values are not recorded; it stays as it is"
            ),
            Self::PastUnknown => f.write_str("what it was before is not known (any more)"),
            Self::Collateral { deleted: true } => f.write_str("it would be deleted along"),
            Self::Collateral { deleted: false } => f.write_str("it would be changed along"),
            Self::Refused { message } => write!(f, "the database refuses: {message}"),
            Self::Invalid { message } => write!(f, "it is not valid: {message}"),
        }
    }
}
