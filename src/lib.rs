#![doc = include_str!("../README.md")]
//!
//! # Where to look
//!
//! * [`HandleRef`](derive@HandleRef), the derive, with its attributes, and the traits that it implements: [`trait@HandleRef`],
//!   [`Versioned`], [`Timestamped`], [`SoftDelete`]. Reading starts there.
//! * [`ChangesDsl`]: `since`, `until` and the like on queries that exist already.
//! * [`update`], [`delete`], [`restore`], [`resurrect()`], [`bump`]: writing sets.
//! * [`RowDsl`]: `save`, `delete`, `restore`, `hard_delete`, `reload` of one row; [`Outcome`], [`Error`].
//! * [`Hooks`]: code before and after. [`mod@schema`]: columns, indexes, guards, record tables and migrations.
//! * [`Recorded`](derive@Recorded), the derive of the history, with its attributes, and [`trait@Recorded`]: `records`,
//!   `history`, `history_of`. [`RecordSource`]: the columns of a record; [`Record`]: a whole one.
//! * [`RecordsDsl`]: windows, `resample`, first and last record; [`GoneDsl`]: rows that were really deleted.
//! * [`AsOfDsl`]: any query in the past. [`PastDsl`]: `diff`, `changes_summary`, `blame`, `revert`, `undelete` of one row.
//! * [`FieldType`], [`field_types()`]: which fields refer to other models, and values of fields out of texts.
//! * [`Maintain`]: `backfill`, `prune`, `erase`, `hold`; [`release`], [`holds`](holds()), [`events`](events()),
//!   [`without_recording`].
//! * [`record_changeset`], [`start_recording`]: changes that belong together; [`changesets`](changesets()) finds them,
//!   [`Changeset::changes`] reads them, [`undo_plan`] undoes them; [`scan`](scan()) records what triggers could not see.
//! * [`changes()`], [`SyncDsl`], [`Cursor`]: what changed since, without gaps; `mirror::Mirror`, [`sync::Follow`];
//!   [`mod@feed`]: diffs of objects, in the database or (feature `redis`) in Redis.
//! * The guides in `docs/`: `guide.md`, `history.md` for what is recorded, `changesets.md` for who and why, `sync.md`,
//!   `mirrors.md`, `feed.md` and `redis.md` for what changed since.

pub use handleref_derive::{HandleRef, Recorded};
pub use handleref_runtime::allow_records_to_appear_in_same_query;
pub use handleref_runtime::changeset::{
    Actor, Changes, Changeset, ChangesetMeta, Changesets, EraseChangesets, LinkChange,
    ObjectChange, ObjectOf, ObjectRef, Recorder, State, Undo, UndoAction, UndoConflict, UndoPlan,
    UndoStep, changesets, current_changeset, erase_changesets_by, record_changeset,
    record_changeset_async, start_recording, undo_plan,
};
#[cfg(feature = "axum")]
pub use handleref_runtime::changeset::{ChangesetLayer, ChangesetService, MissingChangesetLayer};
pub use handleref_runtime::changeset::{Scan, Scanned, scan};
pub use handleref_runtime::error::{Error, ErrorClass};
pub use handleref_runtime::handle::{Handle, HandleError};
pub use handleref_runtime::hooks::{HookError, Hooks};
pub use handleref_runtime::key::Key;
pub use handleref_runtime::lifecycle::{delete, restore};
#[cfg(feature = "mirror")]
pub use handleref_runtime::mirror;
pub use handleref_runtime::model::{
    ChildOf, DeletionStamp, HandleRef, Managed, Roles, SoftDelete, Timestamped, VersionNumber,
    VersionSqlType, Versioned,
};
pub use handleref_runtime::record::maintain::{
    Age, Backfill, Erase, Erased, Event, EventKind, Events, Hold, Maintain, Progress, Prune,
    Pruned, Unerasable, events, holds, release, without_recording, without_recording_async,
};
pub use handleref_runtime::record::{
    AsOfDsl, Blame, Calendar, ChangesetNo, CleanError, Conflict, Diff, Every, FieldChange,
    FieldHistory, FieldKind, FieldType, FieldTypes, GoneDsl, Moment, Neighbours, Now, Operation,
    PastDsl, Record, RecordNo, RecordSource, Recorded, RecordsDsl, Resample, Revert, RevertPlan,
    Side, VersionChange, VersionNo, Window, ZeroLength, field_types, latest_record,
};
#[cfg(feature = "redis")]
pub use handleref_runtime::redis;
pub use handleref_runtime::resurrect::{Resurrect, Resurrected, resurrect};
pub use handleref_runtime::row::{Outcome, Row, RowDsl};
pub use handleref_runtime::scope::{ChangesDsl, now};
pub use handleref_runtime::session::{Executor, recover};
pub use handleref_runtime::sync::{
    Batch, Change, ChangesSince, Cursor, InvalidCursor, SyncDsl, changes,
};
pub use handleref_runtime::time::{Instant, TimeKind, TimeSqlType, Unix};
pub use handleref_runtime::write::{Update, bump, update};
pub use handleref_runtime::{changeset, engine, feed, lifecycle, record, registry, schema, sync};

/// The traits and the derive. `RunQueryDsl` is not among them: Diesel and
/// diesel-async each have their own.
pub mod prelude {
    pub use crate::{
        AsOfDsl, ChangesDsl, GoneDsl, HandleRef, Maintain, PastDsl, RecordSource, Recorded,
        RecordsDsl, RowDsl, SoftDelete, SyncDsl, Timestamped, Versioned,
    };
}

/// The types of queries, for signatures.
pub mod dsl {
    pub use handleref_runtime::record::{
        AsOf, CreatedIn, FirstRecord, Following, IsGone, LastIn, LastRecord, Previous, Whole,
        Within,
    };
    pub use handleref_runtime::scope::{Deleted, LastChange, Now, Since, Undeleted};
    pub use handleref_runtime::write::{Bump, Set};
}

/// What generated code uses; no promise is made about it.
#[doc(hidden)]
pub mod __private {
    pub use handleref_runtime::private::*;
}

/// A query that does not say of which model a record is does not compile, and the
/// compiler comes to an end. (Its words depend on which crates are compiled with
/// it, so they are no test.)
///
/// ```compile_fail,E0283
/// # use diesel::prelude::*;
/// # use handleref::{Record, Recorded};
/// # diesel::table! { articles (id) { id -> Integer, title -> Text, } }
/// # #[derive(Queryable, Selectable, Recorded)]
/// # struct Article { id: i32, title: String }
/// # let conn = &mut SqliteConnection::establish(":memory:").unwrap();
/// # let article: Article = articles::table.first(conn).unwrap();
/// for record in article.history().select(Record::as_select()).load(conn).unwrap() {
///     println!("{}", record.version);
/// }
/// ```
#[cfg(all(doctest, feature = "sqlite"))]
struct UnnamedModel;

#[cfg(doctest)]
#[doc = include_str!("../docs/guide.md")]
struct Guide;

#[cfg(doctest)]
#[doc = include_str!("../docs/history.md")]
struct History;

#[cfg(doctest)]
#[doc = include_str!("../docs/changesets.md")]
struct ChangesetsGuide;

#[cfg(doctest)]
#[doc = include_str!("../docs/sync.md")]
struct SyncGuide;

#[cfg(all(doctest, feature = "sqlite"))]
#[doc = include_str!("../docs/security.md")]
struct SecurityGuide;

#[cfg(all(doctest, feature = "mirror"))]
#[doc = include_str!("../docs/mirrors.md")]
struct MirrorsGuide;

#[cfg(doctest)]
#[doc = include_str!("../docs/feed.md")]
struct FeedGuide;

#[cfg(all(doctest, feature = "redis"))]
#[doc = include_str!("../docs/redis.md")]
struct RedisGuide;
