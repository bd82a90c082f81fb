#![doc = include_str!("../README.md")]
//!
//! # Where to look
//!
//! * [`HandleRef`](derive@HandleRef), the derive, with its attributes, and the traits that it implements: [`trait@HandleRef`],
//!   [`Versioned`], [`Timestamped`], [`SoftDelete`]. Reading starts there.
//! * [`ChangesDsl`]: `since`, `until` and the like on queries that exist already.
//! * [`update`], [`delete`], [`restore`], [`resurrect()`], [`bump`]: writing sets.
//! * [`RowDsl`]: `save`, `delete`, `restore`, `hard_delete`, `reload` of one row; [`Outcome`], [`Error`].
//! * [`Hooks`]: code before and after. [`mod@schema`]: columns, indexes, guards and migrations.

pub use handleref_derive::{HandleRef, Recorded};
pub use handleref_runtime::error::Error;
pub use handleref_runtime::executor::Executor;
pub use handleref_runtime::handle::{Handle, HandleError};
pub use handleref_runtime::hooks::{HookError, Hooks};
pub use handleref_runtime::key::Key;
pub use handleref_runtime::lifecycle::{delete, restore};
pub use handleref_runtime::model::{
    ChildOf, DeletionStamp, HandleRef, Managed, Roles, SoftDelete, Timestamped, VersionNumber,
    VersionSqlType, Versioned,
};
pub use handleref_runtime::record::{
    AsOfDsl, ChangesetNo, Conflict, Diff, FieldChange, Moment, Now, Operation, PastDsl, Record,
    RecordNo, RecordSource, Recorded, Revert, RevertPlan, VersionNo,
};
pub use handleref_runtime::resurrect::{Resurrect, Resurrected, resurrect};
pub use handleref_runtime::row::{Outcome, Row, RowDsl};
pub use handleref_runtime::scope::{ChangesDsl, now};
pub use handleref_runtime::time::{Instant, TimeKind, TimeSqlType, Unix};
pub use handleref_runtime::write::{Update, bump, update};
pub use handleref_runtime::{engine, lifecycle, record, schema};

/// The traits and the derive. `RunQueryDsl` is not among them: Diesel and
/// diesel-async each have their own.
pub mod prelude {
    pub use crate::{
        AsOfDsl, ChangesDsl, HandleRef, PastDsl, RecordSource, Recorded, RowDsl, SoftDelete,
        Timestamped, Versioned,
    };
}

/// The types of queries, for signatures.
pub mod dsl {
    pub use handleref_runtime::scope::{Deleted, LastChange, Now, Since, Undeleted};
    pub use handleref_runtime::write::{Bump, Set};
}

/// What generated code uses; no promise is made about it.
#[doc(hidden)]
pub mod __private {
    pub use handleref_runtime::private::*;
}

#[cfg(doctest)]
#[doc = include_str!("../docs/guide.md")]
struct Guide;
