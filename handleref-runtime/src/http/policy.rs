//! Who may do what.

use crate::registry::{Model, Object};
use http::request::Parts;
use std::fmt;

/// What a request wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// To list rows that are not soft-deleted.
    List,
    /// To read one of them.
    Read,
    /// To list or read soft-deleted rows.
    ReadDeleted,
    /// To read what happened to a row, also if it is gone, and rows as they were.
    History,
    /// To read changesets: who did something, when and why, and what it did to which rows.
    Changesets,
    /// To bring a row back to what it was, or to insert one again that is gone.
    Revert,
    /// To undo a changeset; asked for every row that changes by it.
    Undo,
    /// To insert a row. Asked twice: before, without an object, and with the new row, which
    /// is taken back if the answer is no.
    Create,
    /// To change a row.
    Update,
    /// To soft-delete a row; of a model without soft delete, to delete it.
    Delete,
    /// To restore a soft-deleted row.
    Restore,
    /// To delete a row for good.
    Purge,
    /// To soft-delete all rows of a filter. Each of them is asked for with
    /// [`Delete`](Action::Delete), too.
    BulkDelete,
    /// To restore all rows of a filter; each is asked for with [`Restore`](Action::Restore).
    BulkRestore,
    /// To delete all rows of a filter for good; each is asked for with [`Purge`](Action::Purge).
    BulkPurge,
}

/// What a [`Policy`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// It may be done.
    Allow,
    /// It may not, and the client is told so: 403.
    Deny,
    /// It may not, and the client must not learn that there is anything: 404.
    Hide,
}

/// Allowed or not; nothing is hidden.
///
/// ```
/// use handleref_runtime::http::Decision;
/// assert_eq!(Decision::from(true), Decision::Allow);
/// assert_eq!(Decision::from(false), Decision::Deny);
/// ```
impl From<bool> for Decision {
    fn from(allowed: bool) -> Self {
        match allowed {
            true => Self::Allow,
            false => Self::Deny,
        }
    }
}

/// A question to a [`Policy`].
#[non_exhaustive]
pub struct Ask<'a> {
    /// What is to be done.
    pub action: Action,
    /// Of which model.
    pub model: &'a Model,
    /// The request: its headers, and in its extensions whatever layers have put there, such as
    /// the user.
    pub request: &'a Parts,
    /// The row, if the question is about one. Of an update it is the row before, of a creation
    /// the new one. It has all values but those that are redacted or skipped.
    pub object: Option<&'a Object>,
}

impl fmt::Debug for Ask<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ask")
            .field("action", &self.action)
            .field("model", &self.model.name())
            .field("object", &self.object.map(|it| &it.key))
            .finish_non_exhaustive()
    }
}

/// Decides what a request may do, and which fields it may see.
///
/// A closure is one:
///
/// ```
/// use handleref_runtime::http::{Action, Ask, Decision};
/// #[derive(Clone)]
/// struct User { id: i64 }
///
/// let own_rows = |ask: &Ask<'_>| {
///     let user = ask.request.extensions.get::<User>();
///     match (ask.action, user, ask.object) {
///         (Action::List | Action::Read, ..) => Decision::Allow,
///         (_, None, _) => Decision::Deny,
///         (Action::Create, Some(_), None) => Decision::Allow,
///         (Action::Create | Action::Update | Action::Delete, Some(user), Some(row))
///             if row.values["owner_id"] == user.id => Decision::Allow,
///         _ => Decision::Deny,
///     }
/// };
/// # fn is_policy(_: impl handleref_runtime::http::Policy) {}
/// # is_policy(own_rows);
/// ```
///
/// It is asked in the middle of a transaction and does not wait: what has to be looked up is found by
/// a layer before, which puts it into the request's extensions.
pub trait Policy: Send + Sync + 'static {
    /// Whether it may be done.
    fn decide(&self, ask: &Ask<'_>) -> Decision;

    /// Whether an answer about a row depends on the row. If not, the rows of a list are counted without
    /// being read. Said wrongly, a count tells of rows that may not be seen.
    fn looks_at_rows(&self) -> bool {
        true
    }

    /// The names of fields that must not come out, on top of those that the resource
    /// [hides](super::Resource::hide). Filters and orders that were declared under
    /// one of these names are refused.
    fn hidden(&self, request: &Parts) -> Vec<String> {
        let _ = request;
        Vec::new()
    }
}

impl<F: Fn(&Ask<'_>) -> Decision + Send + Sync + 'static> Policy for F {
    fn decide(&self, ask: &Ask<'_>) -> Decision {
        self(ask)
    }
}

/// Everybody may read, deleted rows and history too; nobody may write.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReadOnly;

impl Policy for ReadOnly {
    fn decide(&self, ask: &Ask<'_>) -> Decision {
        match ask.action {
            Action::List
            | Action::Read
            | Action::ReadDeleted
            | Action::History
            | Action::Changesets => Decision::Allow,
            _ => Decision::Deny,
        }
    }

    fn looks_at_rows(&self) -> bool {
        false
    }
}

/// Everybody may read, and create, change, revert, soft-delete and restore single rows; nobody may
/// change many rows at once, or delete one for good.
#[derive(Debug, Clone, Copy, Default)]
pub struct SingleRows;

impl Policy for SingleRows {
    fn decide(&self, ask: &Ask<'_>) -> Decision {
        match ask.action {
            Action::Purge
            | Action::BulkDelete
            | Action::BulkRestore
            | Action::BulkPurge
            | Action::Undo => Decision::Deny,
            _ => Decision::Allow,
        }
    }

    fn looks_at_rows(&self) -> bool {
        false
    }
}

/// Everybody may do everything. The name is meant to be seen when code is reviewed.
#[derive(Debug, Clone, Copy, Default)]
pub struct AllowEverything;

impl Policy for AllowEverything {
    fn decide(&self, _: &Ask<'_>) -> Decision {
        Decision::Allow
    }

    fn looks_at_rows(&self) -> bool {
        false
    }
}
