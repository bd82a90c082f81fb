//! The reader's part: keeps a second database in step with a source by `since`.
//!
//! It knows nothing of the models but what [`mirrored!`] says about them, so
//! this directory can be copied as it is. A program that mirrors two tables is
//!
//! ```text
//! mirrored! { Author => authors, Book => books }
//! const PARENTS_FIRST: [Model; 2] = [Model::of::<Author>(), Model::of::<Book>()];
//!
//! let pull = Mirror::new("library", &PARENTS_FIRST).pull(&mut source, &mut mirror)?;
//! ```
//!
//! # How no change is lost, and no child comes before its parent
//!
//! **One upper bound.** All models are read in one snapshot of the source, and
//! the source's clock just before it is the *bound*, from which the next pull
//! goes on. A child in the snapshot has its parent there too, so writing
//! parents first satisfies every foreign key, whatever is written to the
//! source meanwhile: that is in the next snapshot as a whole.
//!
//! The bound is not made a condition (`until(bound)`), and lies not back by a
//! margin, because that breaks exactly this: a parent that is changed once
//! more after the bound would be left out, while its child, unchanged since,
//! would be read.
//!
//! **An overlap.** A row carries the time of its statement, and can be seen
//! only when its transaction commits. A snapshot taken in between misses it,
//! and by then the row is older than the bound. So every pull reads again what
//! changed in the [`overlap`](Mirror::overlap) before the last bound; a row that
//! is equal on both sides already is not written. The same takes care of two
//! changes within the clock's resolution.
//!
//! **One transaction.** The rows and the bound are written to the mirror
//! together. After a crash the mirror is where it was, and the next pull does
//! everything that the last one would have done.
//!
//! # What it cannot do
//!
//! * A transaction that commits later than `overlap` after one of its writes
//!   can be missed. Choose the overlap longer than the source's longest
//!   transaction; a long overlap costs reading, nothing else.
//! * Hard-deleted rows leave nothing to be read. Soft-delete in the source.
//! * Rows that are written with an old timestamp (an import, a restored backup)
//!   are not after the bound. Call [`Mirror::forget`]: the next pull reads all.
//! * A unique index in the mirror, other than the key, can be violated for a
//!   moment, when two rows swap a value. Have none.
//! * Rows of one table come in no order: if it refers to itself, defer that
//!   foreign key (`DEFERRABLE INITIALLY DEFERRED`).
//!
//! An index on each of the two timestamps in the source keeps the pulls cheap.

mod engine;
mod model;
mod report;

pub use engine::Conn;
pub(crate) use model::mirrored;
pub use model::{Mirrored, Model};
pub use report::{Error, Moved, Pull};

use chrono::{NaiveDateTime, TimeDelta};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;

diesel::table! {
    /// In the mirror: up to where each source has been read.
    sync_state (name) {
        name -> Text,
        bound -> Timestamp,
    }
}

const CREATE_STATE: &str = "CREATE TABLE IF NOT EXISTS sync_state (
    name VARCHAR(255) NOT NULL PRIMARY KEY,
    bound TIMESTAMP NOT NULL
)";

/// Keeps the tables of some models in step with a source.
#[derive(Debug, Clone)]
pub struct Mirror<'a> {
    /// The name of the source, under which the bound is kept.
    pub name: &'a str,
    /// The models, every parent before its children.
    pub models: &'a [Model],
    /// How far every pull reaches back behind the last bound: longer than the
    /// longest transaction of the source, and never zero.
    pub overlap: TimeDelta,
}

impl<'a> Mirror<'a> {
    /// A mirror with an overlap of a minute.
    pub fn new(name: &'a str, models: &'a [Model]) -> Self {
        Self {
            name,
            models,
            overlap: TimeDelta::minutes(1),
        }
    }

    /// Brings the mirror to the present state of the source.
    ///
    /// # Errors
    /// [`Error`]; the mirror is as it was before, and a new pull starts from there.
    pub fn pull(&self, source: &mut Conn, mirror: &mut Conn) -> Result<Pull, Error> {
        self.pull_and_tell(source, mirror, |_| Ok(()))
    }

    /// As [`pull`](Mirror::pull); `tell` is called after each model. If it
    /// fails, so does the whole pull.
    pub fn pull_and_tell(
        &self,
        source: &mut Conn,
        mirror: &mut Conn,
        mut tell: impl FnMut(&Moved) -> Result<(), Box<dyn std::error::Error + Send + Sync>>,
    ) -> Result<Pull, Error> {
        engine::exclusively(mirror, |mirror| {
            let last = self.bound(mirror)?;
            // Before the snapshot: what it lacks is then no older than the
            // bound by more than a transaction lasts.
            let bound = engine::clock(source)?;
            // The smaller of both, in case that the source's clock was set back.
            let after = last.map(|last| {
                last.min(bound)
                    .checked_sub_signed(self.overlap)
                    .unwrap_or(NaiveDateTime::MIN)
            });
            let moved = engine::snapshot(source, |source| {
                let each = self.models.iter().map(|model| {
                    let moved = (model.copy)(source, mirror, after)?;
                    tell(&moved).map_err(Error::Stopped)?;
                    Ok(moved)
                });
                each.collect::<Result<Vec<_>, Error>>()
            })?;
            diesel::insert_into(sync_state::table)
                .values((sync_state::name.eq(self.name), sync_state::bound.eq(bound)))
                .on_conflict(sync_state::name)
                .do_update()
                .set(sync_state::bound.eq(bound))
                .execute(mirror)?;
            Ok(Pull {
                after,
                bound,
                moved,
            })
        })
    }

    /// The bound of the last pull; none before the first one.
    pub fn bound(&self, mirror: &mut Conn) -> QueryResult<Option<NaiveDateTime>> {
        mirror.batch_execute(CREATE_STATE)?;
        sync_state::table
            .find(self.name)
            .select(sync_state::bound)
            .first(mirror)
            .optional()
    }

    /// Forgets the bound: the next pull compares all rows.
    pub fn forget(&self, mirror: &mut Conn) -> QueryResult<()> {
        mirror.batch_execute(CREATE_STATE)?;
        diesel::delete(sync_state::table.find(self.name))
            .execute(mirror)
            .map(drop)
    }
}
