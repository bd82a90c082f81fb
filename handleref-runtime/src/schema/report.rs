//! What a check found.

use super::problem::{Problem, lines};
use std::fmt;

/// What [`Schema::check`](super::Schema::check) found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a report says whether the schema is right"]
pub struct Report {
    pub(super) problems: Vec<Problem>,
    pub(super) uncovered: Vec<String>,
    pub(super) trusted: Vec<String>,
    pub(super) due: Vec<String>,
}

impl Report {
    /// The ways to change a recorded model that are not recorded, each with its
    /// table: columns that the struct does not have, and what the engine does
    /// without telling a trigger. And the redacted and skipped fields of which
    /// older records hold values. They are no problems; they are to be known.
    pub fn uncovered(&self) -> &[String] {
        &self.uncovered
    }

    /// What is left to do that is no fault of the schema: models whose rows are to be
    /// backfilled.
    pub fn due(&self) -> &[String] {
        &self.due
    }

    /// Those that could change the history besides its owner, and are trusted not to: the
    /// writers of a database without an [owner](super::Schema::owned_by), and
    /// anyone who may write to a file of SQLite. None, if this is empty.
    pub fn trusted(&self) -> &[String] {
        &self.trusted
    }

    /// Whether the database is as the models need it.
    pub fn is_ok(&self) -> bool {
        self.problems.is_empty()
    }

    /// What is wrong.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// What is wrong, one by one.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.problems.iter()
    }
}

impl<'a> IntoIterator for &'a Report {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Report {
    type Item = Problem;
    type IntoIter = std::vec::IntoIter<Problem>;
    fn into_iter(self) -> Self::IntoIter {
        self.problems.into_iter()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_ok() {
            true => f.write_str("the schema is as it should be")?,
            false => f.write_str(&lines(&self.problems))?,
        }
        self.due
            .iter()
            .chain(&self.trusted)
            .try_for_each(|text| write!(f, "\n{text}"))
    }
}
