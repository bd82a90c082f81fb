//! What the document calls the endpoints.

use super::super::routes::Endpoint;

impl Endpoint {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Create => "create",
            Self::BulkDelete => "delete_all",
            Self::Read => "read",
            Self::Replace => "replace",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::BulkRestore => "restore_all",
            Self::Restore => "restore",
            Self::ListDeleted => "list_deleted",
            Self::ReadDeleted => "read_deleted",
            Self::ListAll => "list_with_deleted",
            Self::ReadAny => "read_with_deleted",
            Self::History => "history",
            Self::Version => "read_version",
            Self::Diff => "diff",
            Self::Blame => "blame",
            Self::RevertPlan => "revert_plan",
            Self::Revert => "revert",
            Self::Gone => "list_gone",
        }
    }

    pub(super) const fn summary(self) -> &'static str {
        match self {
            Self::List => "Rows that are not soft-deleted",
            Self::Create => "Inserts a row",
            Self::BulkDelete => "Deletes all rows of the filter",
            Self::Read => "One row",
            Self::Replace => "Changes all fields of a row",
            Self::Update => "Changes some fields of a row",
            Self::Delete => "Deletes a row",
            Self::BulkRestore => "Restores all soft-deleted rows of the filter",
            Self::Restore => "Restores a soft-deleted row",
            Self::ListDeleted => "Soft-deleted rows",
            Self::ReadDeleted => "One soft-deleted row",
            Self::ListAll => "Rows, soft-deleted or not",
            Self::ReadAny => "One row, soft-deleted or not",
            Self::History => "What happened to a row, newest first",
            Self::Version => "A row as it was in a version",
            Self::Diff => "What differs between two versions",
            Self::Blame => "Which version set each field",
            Self::RevertPlan => "What bringing a row back to a version would do",
            Self::Revert => "Brings a row back to a version",
            Self::Gone => "Rows that were deleted for good",
        }
    }
}
