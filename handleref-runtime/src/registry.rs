//! The models of a program by name: for tools that know no type.
//!
//! A server, a command line or a page is written once, against a [`Registry`],
//! and works with every program's models. It has what is known of them, and,
//! through any connection, their rows and their past as JSON values.
//!
//! ```text
//! let registry = handleref::schema![Topic, Article].registry();
//! let article = registry.model("Article")?;
//! article.rows().limit(20).load(conn)?;                 // a page of live rows
//! article.row(conn, "7")?;                              // one row
//! article.history("7").load(conn)?;                     // who changed what, newest first
//! article.as_of(conn, "7", yesterday)?;                 // as it was
//! article.diff(conn, "7", 3, Now)?;
//! let plan = article.revert_plan(conn, "7", 3)?;        // look at it, then
//! plan.apply(conn)?;
//! article.restore(conn, "7")?;                          // with its family, as `row.restore(conn)`
//! registry.changes().since(&cursor).load(conn)?;        // what changed, of all models
//! registry.undo_plan(ChangesetNo(12)).load(conn)?;
//! ```
//!
//! A model is in the registry if it is listed in [`schema!`](crate::schema!), is
//! recorded, derives `Queryable` and `Selectable`, and its fields implement
//! `serde::Serialize`. Rows are known by their keys as [`Key::text`](crate::key::Key::text) writes them: `7`, or
//! `7,3` for a composite key. Values of fields that are redacted or skipped never
//! come out of a registry, not even those of the live row: they are null.

mod deleted;
mod facts;
mod history;
mod installed;
mod object;
mod past;
mod query;
mod rows;
#[cfg(any(feature = "axum", feature = "manage"))]
mod served;
#[cfg(feature = "manage")]
mod stats;
mod verbs;
mod version_at;

pub use crate::history::Registered;
pub use deleted::{Deletion, Ending};
pub use facts::{Column, Field, Role};
pub use history::{Entry, History, HistoryPage};
#[cfg(feature = "manage")]
pub(crate) use installed::installed;
pub use object::Object;
#[cfg(feature = "axum")]
pub(crate) use object::load_rows;
pub use query::Table;
pub use rows::{Page, Rows};
#[cfg(feature = "manage")]
pub(crate) use stats::stats;
#[cfg(feature = "manage")]
pub use stats::{Day, ModelStats, Stats, Writer};
#[doc(hidden)]
pub use verbs::VerbsOn;
#[cfg(feature = "manage")]
pub(crate) use version_at::in_every_table;

use crate::any::{AnyKey, AnyModel, Engines, Metadata, Verbs};
use crate::changeset::{ChangesOf, Changeset, Undo};
use crate::engine::Kind;
use crate::error::Error;
use crate::history::{ChangesetNo, ObjectRef};
use crate::schema::Schema;
use crate::sync::ChangesSince;
use std::fmt;
use std::sync::Arc;

/// The recorded models of a program, by name; made by
/// [`Schema::registry`]. To clone it costs nothing.
#[derive(Clone)]
pub struct Registry {
    models: Arc<[Model]>,
    engines: Arc<[Engines]>,
}

impl Schema {
    /// The recorded models of this schema, by name; see
    /// [`registry`](crate::registry).
    pub fn registry(&self) -> Registry {
        let registered = self.registered().iter();
        let models = registered.filter_map(|it| {
            Some(Model {
                facts: it.engines.any()?.facts(),
                tag: it.tag,
                engines: it.engines,
                verbs: it.verbs.clone(),
            })
        });
        let models: Arc<[Model]> = models.collect();
        Registry {
            engines: models.iter().map(|model| model.engines).collect(),
            models,
        }
    }
}

impl Registry {
    /// All of them, in the order of the schema.
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// The model of this name: that of its struct, or of its table.
    ///
    /// # Errors
    /// [`Error::NoModel`] if there is none.
    pub fn model(&self, name: &str) -> Result<&Model, Error> {
        let named = |of: fn(&Model) -> &'static str| self.models.iter().find(|it| of(it) == name);
        let found = named(Model::name).or_else(|| named(Model::table));
        found.ok_or_else(|| Error::NoModel {
            name: name.to_owned(),
        })
    }

    /// The model of an object.
    ///
    /// # Errors
    /// As those of [`model`](Registry::model).
    pub fn model_of(&self, object: &ObjectRef) -> Result<&Model, Error> {
        self.model(&object.model)
    }

    /// What changed since a cursor, of all models; as
    /// [`changes`](crate::sync::changes). Its cursors are those of the same list
    /// of types.
    pub fn changes(&self) -> ChangesSince<Registered> {
        ChangesSince::of_registered(self.engines.clone())
    }

    /// Plans to undo a changeset; as [`undo_plan`](crate::changeset::undo_plan).
    pub fn undo_plan(&self, changeset: ChangesetNo) -> Undo<Registered> {
        Undo::of_registered(changeset, self.engines.clone())
    }

    /// The models without what is known of them, for what asks all of them.
    #[cfg(feature = "manage")]
    pub(crate) fn engines(&self) -> Arc<[Engines]> {
        self.engines.clone()
    }

    /// What a changeset did to the rows of all models; as
    /// [`Changeset::changes`].
    pub fn changes_of<'c>(&self, changeset: &'c Changeset) -> ChangesOf<'c, Registered> {
        ChangesOf::of_registered(changeset, self.engines.clone())
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.models.iter().map(Model::name))
            .finish()
    }
}

/// The models with what is known of them.
impl serde::Serialize for Registry {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.models.iter())
    }
}

/// One model of a [`Registry`].
#[derive(Clone)]
pub struct Model {
    facts: Metadata,
    tag: Option<&'static str>,
    engines: Engines,
    verbs: Arc<[Verbs]>,
}

impl Model {
    /// The model on this engine.
    pub(crate) fn on(&self, kind: Kind) -> Result<&'static dyn AnyModel, Error> {
        self.engines.on(kind).ok_or_else(|| Error::NoModel {
            name: self.name().to_owned(),
        })
    }

    /// A key as a user writes it.
    fn key_on(&self, kind: Kind, key: &str) -> Result<(&'static dyn AnyModel, AnyKey), Error> {
        let model = self.on(kind)?;
        let found = model.key(key).ok_or_else(|| Error::WrongObject {
            object: format!("{} {key}", self.name()),
            model: self.name(),
        })?;
        Ok((model, found))
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model")
            .field("name", &self.name())
            .field("engines", &self.engines)
            .finish_non_exhaustive()
    }
}
