//! One diff, as a reader gets it and a store keeps it.

use crate::changeset::ObjectRef;
use crate::history::{ChangesetNo, Operation};
use crate::sync::{Cursor, Place};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// What the feed says of one change of one row.
///
/// Each change is a diff of its own: two that say the same are two.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Diff {
    /// The number of its record, unique in its database. (On MySQL and MariaDB
    /// it is greater than what JavaScript holds exactly.)
    pub id: i64,
    /// The row that changed.
    pub object: ObjectRef,
    /// The parent under which the diff is put, if it is not the row itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under: Option<ObjectRef>,
    /// What happened.
    pub operation: Operation,
    /// Whether the row was inserted.
    pub created: bool,
    /// The version of the row after it.
    pub version: i64,
    /// When, by the database's clock.
    pub at: DateTime<Utc>,
    /// The changeset that it is part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changeset: Option<ChangesetNo>,
    /// What [`Feed::diff`](super::Feed::diff) made of it.
    pub data: Value,
    /// The mark of its place; see [`place`](Diff::place).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) mark: i64,
}

// serde asks with a reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(mark: &i64) -> bool {
    *mark == 0
}

impl Diff {
    /// The object under which it is found: the row, or its parent.
    pub fn address(&self) -> &ObjectRef {
        self.under.as_ref().unwrap_or(&self.object)
    }

    /// Where it is in the order in which changes became visible.
    #[doc(hidden)]
    pub fn place(&self) -> Place {
        Place {
            id: self.id,
            mark: self.mark,
        }
    }

    /// When, in milliseconds of the Unix time, with a fraction.
    ///
    /// ```text
    /// assert_eq!(diff.timestamp(), 1_577_836_800_000.0);      // 2020-01-01 00:00 UTC
    /// ```
    pub fn timestamp(&self) -> f64 {
        // Exact for 285 years around 1970.
        self.at.timestamp_micros() as f64 / 1_000.0
    }
}

/// `102: update Choice 3 under Question 7: {..}`
impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.id, self.operation, self.object)?;
        if let Some(under) = &self.under {
            write!(f, " under {under}")?;
        }
        write!(f, ": {}", self.data)
    }
}

/// Some diffs, and where to go on.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Diffs {
    /// The diffs, in order; newest first if it was asked for in
    /// [`reverse`](super::DiffQuery::reverse).
    pub diffs: Vec<Diff>,
    /// Where the next read goes on without a gap: what the query left out counts as
    /// read. Read from the end ([`reverse`](super::DiffQuery::reverse),
    /// [`newest`](super::DiffQuery::newest)) it is after all that is visible, those too
    /// that were left out because there are more.
    pub cursor: Cursor,
    /// Whether there may be more already: newer ones, or older ones if it was read
    /// from the end.
    pub more: bool,
}
