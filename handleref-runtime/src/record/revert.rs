//! Bringing a row, or some of its fields, back to what it was.
//!
//! A revert is a new version, never a change of history. It is planned first:
//! what would be written, and what stands in the way. Values go from the
//! record table to the table inside the database, so that nothing is lost on
//! the way, nulls included.

use super::diff::FieldChange;
use super::model::Recorded;
use crate::error::Error;
use crate::facts::Capture;
use crate::key::Key;
use serde_json::Value;
use std::fmt;

mod apply;
mod check;
mod make;
mod proposed;

pub(super) use apply::{apply, bring_back};
pub(crate) use apply::{insert, update};
pub(crate) use make::make;

/// What a revert goes back to: a version (any integer), or
/// [some fields](Revert::fields), each from a version of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revert {
    pub(super) want: Want,
    /// Names of fields or columns that stay as they are.
    pub(super) without: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Want {
    Version(i64),
    /// Names of fields or columns.
    Fields(Vec<(String, i64)>),
}

impl Revert {
    pub(super) fn new(want: Want) -> Self {
        Self {
            want,
            without: Vec::new(),
        }
    }

    /// A whole version, as any integer says it, too:
    /// `Revert::version(1).without(articles::email)`.
    pub fn version(version: i64) -> Self {
        version.into()
    }

    /// Only the fields that are named next.
    pub fn fields() -> Self {
        Self::new(Want::Fields(Vec::new()))
    }

    /// A column, as in `Revert::fields().field(articles::title, 1)`.
    #[must_use]
    pub fn field<C: diesel::Column>(self, _: C, version: i64) -> Self {
        self.named(C::NAME, version)
    }

    /// A field by its name in the struct, or a column by its name in SQL.
    #[must_use]
    pub fn named(mut self, field: impl Into<String>, version: i64) -> Self {
        let mut fields = match self.want {
            Want::Fields(fields) => fields,
            Want::Version(_) => Vec::new(),
        };
        fields.push((field.into(), version));
        self.want = Want::Fields(fields);
        self
    }

    /// This column stays as it is, such as one whose old values were erased
    /// ([`Conflict::Erased`]).
    #[must_use]
    pub fn without<C: diesel::Column>(self, _: C) -> Self {
        self.without_named(C::NAME)
    }

    /// As [`without`](Revert::without), by the name of the field or the column.
    #[must_use]
    pub fn without_named(mut self, field: impl Into<String>) -> Self {
        self.without.push(field.into());
        self
    }
}

impl From<i64> for Revert {
    fn from(version: i64) -> Self {
        Self::new(Want::Version(version))
    }
}
impl From<i32> for Revert {
    fn from(version: i32) -> Self {
        Self::new(Want::Version(version.into()))
    }
}

/// What a revert would write, and what stands in the way. Displayed, it is a
/// text for people; serialised, it is for a user interface.
///
/// [`apply`](RevertPlan::apply) looks at everything again, in the transaction
/// that writes.
#[derive(Debug, Clone, serde::Serialize)]
#[must_use = "a plan changes nothing until it is applied"]
#[non_exhaustive]
pub struct RevertPlan<M: Recorded> {
    /// The model's name.
    pub model: &'static str,
    /// The row's key, as text.
    pub key: String,
    /// The version that the row has now; `None` if it has none or is gone.
    pub version: Option<i64>,
    /// Whether the row was really deleted and will be inserted again.
    pub reinsert: bool,
    /// What will be written: the fields that differ from now.
    pub changes: Vec<FieldChange>,
    /// What stands in the way, and what will be lost.
    pub conflicts: Vec<Conflict>,
    #[serde(skip)]
    pub(super) row: M::RecordKey,
    #[serde(skip)]
    pub(super) want: Revert,
    #[serde(skip)]
    pub(super) sources: Vec<Source>,
}

/// Where the value of one column comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) column: &'static str,
    pub(super) version: i64,
    pub(super) record: i64,
}

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
    /// ([`Revert::without`]), or say what it is to be
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

impl<M: Recorded> RevertPlan<M> {
    /// What makes it impossible to apply the plan.
    pub fn blockers(&self) -> impl Iterator<Item = &Conflict> {
        self.conflicts
            .iter()
            .filter(|conflict| conflict.is_blocking())
    }

    /// # Errors
    /// [`Error::Revert`] if anything makes it impossible.
    pub(super) fn refuse_blockers(&self) -> Result<(), Error> {
        let conflicts: Vec<_> = self.blockers().cloned().collect();
        if conflicts.is_empty() {
            return Ok(());
        }
        Err(Error::Revert {
            model: self.model,
            key: self.row.text(),
            conflicts,
        })
    }
}

impl<M: Recorded> fmt::Display for RevertPlan<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: ", self.model, self.key)?;
        match (self.reinsert, self.changes.is_empty()) {
            (true, _) => f.write_str("insert again")?,
            (false, true) => f.write_str("nothing to do")?,
            (false, false) => f.write_str("write")?,
        }
        for change in &self.changes {
            write!(f, "\n  {change}")?;
        }
        for conflict in &self.conflicts {
            let word = if conflict.is_blocking() {
                "refused"
            } else {
                "note"
            };
            write!(f, "\n  {word}: {conflict}")?;
        }
        Ok(())
    }
}

/// The column that a name means: a field of the struct or a column of the
/// table whose values are kept.
pub(super) fn column_named<M>(fields: &[&'static str], name: &str) -> Result<&'static str, Error>
where
    M: Recorded,
{
    let columns = M::RECORDING.columns;
    let found = fields
        .iter()
        .position(|field| *field == name)
        .or_else(|| columns.iter().position(|column| column.name == name));
    let column = found.and_then(|at| columns.get(at));
    let usable = column.filter(|column| {
        column.capture == Capture::Value
            && !super::diff::is_managed::<M>(column.name)
            && !M::RECORDED_KEY.contains(&column.name)
    });
    usable
        .map(|column| column.name)
        .ok_or_else(|| Error::NoField {
            model: M::RECORDED_NAME,
            field: name.to_owned(),
        })
}
