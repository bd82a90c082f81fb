//! Changesets: changes that were made together, by whom and why.

mod change;
mod end;
mod erase;
#[cfg(feature = "axum")]
mod layer;
mod meta;
mod net;
pub(crate) mod once;
mod open;
mod query;
mod read;
mod recording;
mod scan;
mod stored;
mod table;
mod undo;

pub use crate::history::{ChangesetNo, Models, ObjectOf, ObjectRef};
pub use change::{Changes, LinkChange, ObjectChange, State};
pub use end::ChangesetEnd;
pub use erase::{EraseChangesets, erase_changesets_by};
#[cfg(feature = "axum")]
pub use layer::{ChangesetLayer, ChangesetService, MissingChangesetLayer};
pub use meta::{Actor, ChangesetMeta};
#[cfg(any(feature = "axum", feature = "manage"))]
pub(crate) use open::Open;
#[cfg(any(feature = "axum", feature = "manage"))]
pub(crate) use query::found as changeset;
pub use query::{Changesets, changesets};
#[cfg(any(feature = "axum", feature = "manage"))]
pub(crate) use query::{Sought, changesets_like};
pub(crate) use query::{find_all, is_named};
pub use read::ChangesOf;
#[cfg(any(feature = "axum", feature = "manage"))]
pub(crate) use read::changes_of;
pub use recording::{
    OpenChangeset, current_changeset, in_changeset, in_changeset_async, open_changeset,
};
pub(crate) use scan::looked as scan_looked;
#[cfg(feature = "manage")]
pub(crate) use scan::scanned;
pub use scan::{Scan, Scanned, scan};
pub use stored::Changeset;
pub use table::handleref_changesets;
#[cfg(feature = "axum")]
pub(crate) use undo::undo_plan_of;
pub use undo::{Undo, UndoAction, UndoConflict, UndoPlan, UndoStep, undo_plan};
