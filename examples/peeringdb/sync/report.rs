//! What a pull did, or why it failed.

use chrono::NaiveDateTime;
use std::fmt;

/// What a pull did.
#[derive(Debug, Clone)]
pub struct Pull {
    /// Rows that changed after this moment were read; all if there is none.
    pub after: Option<NaiveDateTime>,
    /// The upper bound, from which the next pull goes on.
    pub bound: NaiveDateTime,
    /// What it did, model by model.
    pub moved: Vec<Moved>,
}

/// What a pull did to the rows of one model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// The model's tag.
    pub tag: &'static str,
    /// New in the mirror.
    pub added: usize,
    /// Changed, but neither soft-deleted nor restored.
    pub changed: usize,
    /// Soft-deleted.
    pub deleted: usize,
    /// Restored.
    pub restored: usize,
    /// Read again because of the overlap, and not written.
    pub equal: usize,
}

impl Moved {
    /// How many rows were written to the mirror.
    pub fn written(&self) -> usize {
        self.added + self.changed + self.deleted + self.restored
    }
}

/// Why a pull failed.
#[derive(Debug)]
pub enum Error {
    /// A row could not be written to the mirror.
    Row {
        /// Its handle.
        row: String,
        /// What the mirror said.
        cause: diesel::result::Error,
    },
    /// One of the databases refused something else.
    Database(diesel::result::Error),
    /// The caller's own function failed.
    Stopped(Box<dyn std::error::Error + Send + Sync>),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row { row, cause } => {
                write!(f, "{row} could not be written to the mirror: {cause}")
            }
            Self::Database(cause) => write!(f, "the pull failed: {cause}"),
            Self::Stopped(cause) => write!(f, "the pull was stopped: {cause}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<diesel::result::Error> for Error {
    fn from(cause: diesel::result::Error) -> Self {
        Self::Database(cause)
    }
}
