#![cfg_attr(not(doctest), doc = include_str!("picture.md"))]
#![doc = include_str!("../README.md")]
//!
//! # Where to look
//!
//! The root has what most programs name; everything else is in the module of its subject.
//!
//! * [`HandleRef`](derive@HandleRef), the derive, with its attributes, and the traits that it implements: [`trait@HandleRef`],
//!   [`Versioned`], [`Timestamped`], [`SoftDelete`]. Reading starts there. [`mod@model`]: keys, and traits for bounds.
//! * [`ChangesDsl`]: `since`, `until` and the like on queries that exist already; [`mod@time`]: what an instant may be.
//! * [`update`], [`delete`], [`restore`], [`resurrect()`], [`bump`]: writing sets; [`mod@lifecycle`]: what they return.
//! * [`RowDsl`]: `save`, `delete`, `restore`, `hard_delete`, `reload` of one row; [`Outcome`], [`Error`].
//! * [`Hooks`]: code before and after. [`mod@schema`]: columns, indexes, guards, record tables and migrations.
//! * [`Recorded`](derive@Recorded), the derive of the history, with its attributes, and [`trait@Recorded`]: `records`,
//!   `history`, `history_of`. [`RecordSource`]: the columns of a record; [`Record`]: a whole one.
//! * [`RecordsDsl`]: windows, `resample`, first and last record; [`GoneDsl`]: rows that were really deleted.
//! * [`AsOfDsl`]: any query in the past. [`PastDsl`]: `diff`, `changes_summary`, `blame`, `revert`, `reinsert` of one row.
//!   [`mod@history`]: the types of all that, and which fields refer to other models.
//! * [`Maintain`]: `backfill`, `prune`, `erase`, `hold`. [`mod@maintain`]: holds, events, pauses of the recording.
//! * [`in_changeset`]: changes that belong together; [`changesets`](changesets()) finds them, [`Changeset::changes`]
//!   reads them. [`mod@changeset`]: who and why, the undo, `scan` for what triggers could not see, the layer for axum.
//! * [`changes()`], [`SyncDsl`], [`Cursor`]: what changed since, without gaps; [`mod@sync`]. The module `mirror`: a copy in
//!   another database; [`mod@feed`]: diffs of objects, in the database or (the module `redis`) in Redis.
//! * [`mod@registry`]: all models by name, and their rows and past as JSON, for tools that know no type.
//! * The module `http`: models as resources of HTTP, for axum.
//! * [`mod@dsl`]: the types of queries. [`mod@engine`]: what is generic over databases. [`mod@error`].
//! * [`mod@guide`]: the book. Two tutorials, recipes, a page on each subject, and one for those who come from other packages.

pub use handleref_derive::{HandleRef, Recorded};
pub use handleref_runtime::allow_records_to_appear_in_same_query;
pub use handleref_runtime::changeset::{Changeset, changesets, in_changeset, in_changeset_async};
pub use handleref_runtime::error::{Error, ErrorClass};
pub use handleref_runtime::handle::Handle;
pub use handleref_runtime::history::{
    AsOfDsl, GoneDsl, Operation, Record, RecordSource, Recorded, RecordsDsl,
};
pub use handleref_runtime::hooks::{HookError, Hooks};
pub use handleref_runtime::lifecycle::{delete, restore};
pub use handleref_runtime::log::LogDsl;
pub use handleref_runtime::maintain::Maintain;
pub use handleref_runtime::model::{HandleRef, SoftDelete, Timestamped, Versioned};
pub use handleref_runtime::resurrect::resurrect;
pub use handleref_runtime::revert::PastDsl;
pub use handleref_runtime::row::{Outcome, RowDsl};
pub use handleref_runtime::scope::{ChangesDsl, now};
pub use handleref_runtime::session::{Executor, recover};
pub use handleref_runtime::sync::{Cursor, SyncDsl, changes};
pub use handleref_runtime::write::{bump, update};

#[cfg(feature = "axum")]
pub use handleref_runtime::http;
pub use handleref_runtime::maintain;
#[cfg(feature = "manage")]
pub use handleref_runtime::manage;
#[cfg(feature = "mirror")]
pub use handleref_runtime::mirror;
#[cfg(feature = "redis")]
pub use handleref_runtime::redis;
pub use handleref_runtime::{changeset, doctor, engine, error, feed, registry, schema, sync};

/// The traits and the derive. `RunQueryDsl` is not among them: Diesel and
/// diesel-async each have their own.
pub mod prelude {
    pub use crate::{
        AsOfDsl, ChangesDsl, GoneDsl, HandleRef, LogDsl, Maintain, PastDsl, RecordSource, Recorded,
        RecordsDsl, RowDsl, SoftDelete, SyncDsl, Timestamped, Versioned,
    };
}

/// The types of queries, for signatures.
pub mod dsl {
    pub use handleref_runtime::bound::{Bound, TimeBound, VersionBound};
    pub use handleref_runtime::history::{
        AsOf, CreatedIn, FirstRecord, Following, IsGone, LastIn, LastRecord, OverRecords, Previous,
        Whole, Within,
    };
    pub use handleref_runtime::row::ExpectedUpdate;
    pub use handleref_runtime::scope::{Deleted, LastChange, Now, Since, Undeleted};
    pub use handleref_runtime::write::{Bump, Set, Update, UpdateStatement};
}

/// What a model is made of, for bounds and for keys of your own.
pub mod model {
    pub use handleref_runtime::handle::HandleError;
    pub use handleref_runtime::key::Key;
    pub use handleref_runtime::model::{
        ChildOf, DeletionStamp, Managed, Roles, VersionNumber, VersionSqlType,
    };
    pub use handleref_runtime::on::{RecordedOn, SoftDeleteOn};
    pub use handleref_runtime::row::Row;
}

/// Soft delete, restore and resurrection of sets: the statements, and what they return.
pub mod lifecycle {
    #[doc(hidden)]
    pub use handleref_runtime::lifecycle::{DeleteRow, RestoreRow};
    pub use handleref_runtime::lifecycle::{Family, FamilyChange, Single};
    pub use handleref_runtime::resurrect::{Resurrect, Resurrected};
}

/// Instants, and columns that hold them.
pub mod time {
    pub use handleref_runtime::time::{Instant, TimeKind, TimeSqlType, Unix};
}

/// The history of rows: instants and numbers, windows, differences, reverts, field types.
///
/// ```text
/// Article::records().order(ArticleRecords::RECORD_ID.desc())
///     .whole().load(conn)?;                                      // what happened when, and the rows
/// article.history().select(Article::as_select()).load(conn)?;    // the states of one row
/// articles::table.inner_join(topics::table)
///     .as_of::<(Article, Topic)>(yesterday).load(conn)?;         // any query, in the past
/// ```
pub mod history {
    pub use handleref_runtime::history::{
        Blame, Calendar, CleanError, Diff, Every, FieldChange, FieldHistory, FieldKind, FieldType,
        FieldTypes, FieldValue, Fields, Json, LiveName, Loaded, Mirrored, ModelList, Moment,
        Neighbour, Neighbours, Now, Past, Property, PropertyValue, Recall, RecordChangeset,
        RecordId, RecordNo, RecordOperation, RecordRedacted, RecordSql, RecordVersion, RecordedAt,
        Records, Resample, Side, VersionChange, VersionNo, Window, ZeroLength, facts, field_types,
        latest_record,
    };
    pub use handleref_runtime::log::{Log, LogEntry, LogPage};
    pub use handleref_runtime::revert::{Conflict, Revert, RevertPlan};
}

// Only for rustdoc: programs need not carry the texts.
#[cfg(any(doc, doctest))]
pub mod guide;

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
