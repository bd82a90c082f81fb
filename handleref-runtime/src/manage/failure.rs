//! Why a command did not do what it was asked for, and what to type next.

use super::exit::Exit;
use crate::error::Error;
use serde::Serialize;

/// What went wrong; and what cures it, as a command or a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Failure {
    #[serde(skip)]
    pub(super) exit: Exit,
    /// A word that programs may look for.
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) cure: Option<String>,
}

impl Failure {
    pub(super) fn new(exit: Exit, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            exit,
            code,
            message: message.into(),
            cure: None,
        }
    }

    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "usage", message)
    }

    /// With what to type next.
    pub(super) fn cure(mut self, cure: impl Into<String>) -> Self {
        self.cure = Some(cure.into());
        self
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        use Exit as X;
        let (exit, code) = match &error {
            Error::Database(_) | Error::Denied { .. } => (X::Database, "database"),
            Error::Conflict { .. } | Error::RolledBack { .. } => (X::Database, "conflict"),
            Error::NotInstalled { .. } => (X::Database, "not_installed"),
            Error::NoModel { .. } => (X::Usage, "no_model"),
            Error::WrongObject { .. } => (X::Usage, "wrong_object"),
            Error::NoField { .. } => (X::Usage, "no_field"),
            Error::NotOneSelect { .. } => (X::Usage, "not_one_select"),
            Error::NoVersion { .. } => (X::Found, "no_version"),
            Error::NoChangeset { .. } => (X::Found, "no_changeset"),
            Error::Gone { .. } => (X::Found, "gone"),
            Error::Deleted { .. } => (X::Decide, "deleted"),
            Error::ParentDeleted { .. } => (X::Decide, "parent_deleted"),
            Error::Revert { .. } | Error::Undo { .. } => (X::Decide, "conflicts"),
            Error::PlanOutdated { .. } | Error::Stale { .. } => (X::Decide, "outdated"),
            Error::Held { .. } => (X::Decide, "held"),
            Error::Schema(_) => (X::Decide, "schema"),
            Error::Copied => (X::Decide, "copied"),
            Error::Foreign | Error::InvalidCursor | Error::WrongModels { .. } => {
                (X::Usage, "cursor")
            }
            Error::TooOld { .. } => (X::Found, "too_old"),
            _ => (X::Found, "refused"),
        };
        let text = error.to_string();
        // How SQLite fails with a message of ours.
        let ours = text
            .strip_prefix("bad JSON path: '")
            .and_then(|it| it.strip_suffix('\''));
        Self::new(exit, code, ours.unwrap_or(&text))
    }
}

impl From<diesel::result::Error> for Failure {
    fn from(error: diesel::result::Error) -> Self {
        Error::from(error).into()
    }
}
