//! What says that a row is not soft-deleted, in SQL.

use super::Roles;
use crate::engine::Kind;
use crate::sql::{Raw, Splice, is_distinct, literal, quoted, raw};

/// What says that a row lives.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Living<'a> {
    /// This column is null.
    Null(&'a str),
    /// This column is not this text: another one, or null.
    Not(&'a str, &'a str),
}

impl Roles {
    /// What SQL can tell of it. As for the verbs: where there are both, the
    /// status is what counts.
    pub(crate) fn living(self) -> Option<Living<'static>> {
        match (self.status, self.deleted_status, self.deleted_at) {
            (Some(status), Some(deleted), _) => Some(Living::Not(status, deleted)),
            (_, _, Some((deleted_at, _))) => Some(Living::Null(deleted_at)),
            _ => None,
        }
    }
}

impl<'a> Living<'a> {
    /// The column that says it.
    pub(crate) const fn column(self) -> &'a str {
        match self {
            Self::Null(column) | Self::Not(column, _) => column,
        }
    }

    /// As a condition on [its column](Living::column), as it is written, with
    /// `text` for a literal.
    pub(crate) fn sql(self, kind: Kind, column: Raw, text: fn(Kind, &str) -> Raw) -> Raw {
        let Self::Not(_, deleted) = self else {
            return raw!("{column} IS NULL", column);
        };
        let deleted = text(kind, deleted);
        is_distinct(kind, column, deleted)
    }
}

/// A condition: whether a row is not soft-deleted, as far as SQL can tell.
/// `prefix` is the row's alias and a dot, or nothing.
pub(crate) fn lives_sql(kind: Kind, roles: Roles, prefix: impl Splice) -> Raw {
    let Some(living) = roles.living() else {
        return "1 = 1".into();
    };
    let column = raw!("{prefix}{}", [quoted(kind, living.column())], prefix);
    living.sql(kind, column, literal)
}
