//! Bringing a row, or some of its fields, back to what it was.
//!
//! A revert is a new version, never a change of history. It is planned first:
//! what would be written, and what stands in the way. Values go from the
//! record table to the table inside the database, so that nothing is lost on
//! the way, nulls included.

use crate::any::{AnyKey, AnyModel, Boxed};
use crate::error::Error;
use crate::history::diff::FieldChange;
use crate::history::fields::Metadata;
use crate::row::Outcome;
use crate::session::{Executor, Session};
use std::fmt;
use std::sync::Arc;

mod apply;
mod check;
mod conflict;
mod dsl;
mod make;
mod proposed;
mod sets;
mod write;

pub(crate) use apply::{apply, bring_back, revert};
pub use conflict::Conflict;
pub use dsl::PastDsl;
pub(crate) use make::{make, plan, plan_back};
pub(crate) use sets::{any_erased, delete_rows, rows_of, update_rows};
pub(crate) use write::{insert, update};

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
    #[doc(alias = "revert_fields")]
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
pub struct RevertPlan {
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
    pub(super) any: &'static dyn AnyModel,
    #[serde(skip)]
    pub(super) row: Arc<AnyKey>,
    #[serde(skip)]
    pub(super) want: Revert,
}

/// The same, on the way.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) facts: Metadata,
    pub(crate) key: String,
    pub(crate) version: Option<i64>,
    pub(crate) reinsert: bool,
    pub(crate) changes: Vec<FieldChange>,
    pub(crate) conflicts: Vec<Conflict>,
    /// Where the values come from.
    sources: Vec<Source>,
}

impl Plan {
    /// # Errors
    /// [`Error::Revert`] if anything makes it impossible.
    fn refuse_blockers(&self) -> Result<(), Error> {
        let conflicts = self.conflicts.iter().filter(|one| one.is_blocking());
        let conflicts: Vec<_> = conflicts.cloned().collect();
        if conflicts.is_empty() {
            return Ok(());
        }
        Err(Error::Revert {
            model: self.facts.name(),
            key: self.key.clone(),
            conflicts,
        })
    }
}

impl Plan {
    /// What has to be so still when the plan is applied.
    fn expected(&self, want: Revert) -> Expected {
        Expected {
            want,
            version: self.version,
            reinsert: self.reinsert,
        }
    }
}

/// What a plan was made for, and how the row was.
#[derive(Debug, Clone)]
pub(crate) struct Expected {
    pub(crate) want: Revert,
    pub(crate) version: Option<i64>,
    pub(crate) reinsert: bool,
}

/// Where the value of one column comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Source {
    column: &'static str,
    version: i64,
    record: i64,
}

impl RevertPlan {
    /// What makes it impossible to apply the plan.
    pub fn blockers(&self) -> impl Iterator<Item = &Conflict> {
        self.conflicts
            .iter()
            .filter(|conflict| conflict.is_blocking())
    }

    /// Writes what the plan says, in one transaction, in which everything is
    /// looked at again.
    ///
    /// # Errors
    /// [`Error::Stale`] or [`Error::Gone`] if the row was changed since the
    /// plan was made, [`Error::Revert`] if something stands in the way, or
    /// [`Error::Database`], also on another engine than that of the plan.
    pub fn apply<'a, C: Executor>(
        &'a self,
        conn: &'a mut C,
    ) -> C::Output<'a, Result<Outcome, Error>> {
        C::finish(self.applied(conn))
    }

    pub(crate) fn applied<'a>(&'a self, conn: &'a mut dyn Session) -> Boxed<'a, Outcome> {
        let expected = Expected {
            want: self.want.clone(),
            version: self.version,
            reinsert: self.reinsert,
        };
        apply(conn, self.any, self.row.clone(), expected)
    }
}

impl fmt::Display for RevertPlan {
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
