//! Changesets: changes that were made together, by whom and why.

mod change;
mod end;
mod erase;
#[cfg(feature = "axum")]
mod layer;
mod meta;
mod models;
mod net;
mod query;
mod read;
mod recording;
mod scan;
mod stored;
mod undo;

pub use crate::record::{ChangesetNo, ObjectOf, ObjectRef};
pub use change::{Changes, LinkChange, ObjectChange, State, ValueChange};
pub use end::ChangesetEnd;
pub use erase::{EraseChangesets, erase_changesets_by};
#[cfg(feature = "axum")]
pub use layer::{ChangesetLayer, ChangesetService, MissingChangesetLayer};
pub use meta::{Actor, ChangesetMeta};
pub use models::Models;
#[doc(hidden)]
pub use models::{AnyModel, Facts, Model};
pub(crate) use models::{Boxed, models};
#[doc(hidden)]
pub use net::Net;
pub use query::{Changesets, changesets};
pub use read::ChangesOf;
pub use recording::{
    OpenChangeset, current_changeset, in_changeset, in_changeset_async, open_changeset,
};
pub use scan::{Scan, Scanned, scan};
pub use stored::Changeset;
#[doc(hidden)]
pub use undo::Inverse;
pub use undo::{Undo, UndoAction, UndoConflict, UndoPlan, UndoStep, undo_plan};
