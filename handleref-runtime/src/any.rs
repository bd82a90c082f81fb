//! Models, rows and keys without their types.
//!
//! What is done with the past of a row (diff, blame, revert, undo, a mirror)
//! asks a model for a few things, and is compiled once for all models. Which
//! type it is, the module `record` knows.

pub(crate) mod described;

use crate::engine::{Kind, Typed};
use crate::error::Error;
use crate::facts::Recording;
use crate::hooks::HookError;
use crate::model::Roles;
use crate::session::{Head, Session};
use crate::sql::Sql;
use serde_json::Value;
use std::any::{Any, TypeId};
use std::fmt;
use std::sync::Arc;

/// What is done in the end.
pub(crate) type Boxed<'a, T> = crate::session::Boxed<'a, Result<T, Error>>;

/// Rows behind columns of ours.
pub(crate) type Rows = Vec<(Head, Arc<dyn AnyInstance>)>;

/// A recorded model on one engine, without its type.
#[doc(hidden)]
pub trait AnyModel: Send + Sync {
    /// What is known of it.
    fn facts(&self) -> Metadata;
    /// Loads the rows of `FROM ..` behind so many columns.
    fn load<'a>(
        &self,
        conn: &'a mut dyn Session,
        columns: (usize, Sql<'a>),
        from: Sql<'a>,
    ) -> Boxed<'a, Rows>;
    /// What maintenance asks of it.
    fn keyed(&self) -> Keyed;
    /// The key of a row of this model.
    fn key_of(&self, row: &dyn AnyInstance) -> Option<AnyKey>;
    /// Reads a text as a value of the field at a place.
    fn clean(&self, at: usize, text: Option<&str>) -> Result<Value, String>;
    /// The parents that `HandleRef` names.
    fn parents(&self) -> Vec<Parent>;
}

impl dyn AnyModel + '_ {
    /// A key, as `Key::text` writes it; `None` if the model has no such keys.
    pub(crate) fn key(&self, text: &str) -> Option<AnyKey> {
        self.keyed().keys.read(text)
    }

    /// The first row of `FROM ..`.
    pub(crate) async fn row(
        &self,
        conn: &mut dyn Session,
        from: Sql<'_>,
    ) -> Result<Option<Arc<dyn AnyInstance>>, Error> {
        let mut rows = self.rows(conn, from).await?;
        Ok((!rows.is_empty()).then(|| rows.swap_remove(0)))
    }

    /// The rows of `FROM ..`.
    pub(crate) async fn rows(
        &self,
        conn: &mut dyn Session,
        from: Sql<'_>,
    ) -> Result<Vec<Arc<dyn AnyInstance>>, Error> {
        let rows = self.load(conn, (0, Sql::new("")), from).await?;
        Ok(rows.into_iter().map(|(_, row)| row).collect())
    }
}

/// A row without its type.
#[doc(hidden)]
pub trait AnyInstance: Send + Sync {
    fn any(&self) -> &(dyn Any + Send + Sync);
    fn fields(&self) -> &'static [&'static str];
    fn values(&self) -> Vec<Value>;
    /// The key as text.
    fn key(&self) -> String;
    /// The version, if the model has one.
    fn version(&self) -> Option<i64>;
    /// See `Recorded::validate`.
    fn validate(&self) -> Result<(), HookError>;
}

/// A key on one engine, without its type.
#[doc(hidden)]
pub struct AnyKey {
    /// As `Key::text` writes it.
    pub(crate) text: String,
    /// `key columns = values`, without a table.
    pub(crate) condition: Typed<'static>,
    /// The values, separated by commas.
    pub(crate) values: Typed<'static>,
}

impl fmt::Debug for AnyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A recorded model whose keys can be read; all that maintenance asks of one.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Keyed {
    pub(crate) subject: Subject,
    pub(crate) keys: &'static dyn Keys,
}

/// The keys of a model.
#[doc(hidden)]
pub trait Keys: Sync {
    /// Reads what `Key::text` wrote.
    fn read(&self, text: &str) -> Option<AnyKey>;
}

impl fmt::Debug for dyn Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys")
    }
}

/// The facts about a model, without its type: what follows is compiled once
/// for each connection, not for each model.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Subject {
    pub(crate) name: &'static str,
    pub(crate) table: &'static str,
    pub(crate) key: &'static [&'static str],
    pub(crate) recording: Recording,
    pub(crate) roles: Roles,
}

/// What is known of a model.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Metadata {
    pub(crate) model: Subject,
    pub(crate) fields: &'static [&'static str],
    /// Sets of columns that are unique among the living.
    pub(crate) unique: &'static [&'static [&'static str]],
}

/// A parent, as a revert sees it.
#[doc(hidden)]
#[allow(missing_debug_implementations)]
pub struct Parent {
    pub(crate) name: &'static str,
    /// The columns of its key.
    pub(crate) keys: &'static [&'static str],
    /// The child's columns that refer to them.
    pub(crate) foreign_key: &'static [&'static str],
    pub(crate) table: Typed<'static>,
    /// The condition of a soft-deleted row.
    pub(crate) deleted: Typed<'static>,
}

/// A model as far as it can be read on each engine.
#[doc(hidden)]
#[derive(Clone, Copy, Default)]
pub struct Engines {
    sqlite: Option<&'static dyn AnyModel>,
    postgres: Option<&'static dyn AnyModel>,
    mysql: Option<&'static dyn AnyModel>,
}

impl Engines {
    #[doc(hidden)]
    pub const fn new(
        sqlite: Option<&'static dyn AnyModel>,
        postgres: Option<&'static dyn AnyModel>,
        mysql: Option<&'static dyn AnyModel>,
    ) -> Self {
        Self {
            sqlite,
            postgres,
            mysql,
        }
    }

    /// A model that is known on this engine alone.
    pub(crate) fn stored(kind: Kind, model: &'static dyn AnyModel) -> Self {
        let on = |one: Kind| (one == kind).then_some(model);
        Self::new(on(Kind::Sqlite), on(Kind::Postgres), on(Kind::Mysql))
    }

    /// The model on this engine.
    pub(crate) fn on(&self, kind: Kind) -> Option<&'static dyn AnyModel> {
        match kind {
            Kind::Sqlite => self.sqlite,
            Kind::Postgres => self.postgres,
            Kind::Mysql => self.mysql,
        }
    }

    /// The model on any engine, for what does not depend on it.
    pub(crate) fn any(&self) -> Option<&'static dyn AnyModel> {
        self.sqlite.or(self.postgres).or(self.mysql)
    }
}

/// What is done to one row as a whole.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// It is soft-deleted.
    Delete,
    /// It is restored.
    Restore {
        /// Its soft-deleted parents, too.
        parents: bool,
    },
}

/// Soft delete and restore of the rows of one model on one type of connection,
/// which its hooks may depend on.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Verbs {
    /// The type of the connection.
    pub(crate) connection: TypeId,
    /// Does it to the row with this key, which must have this version if one is given, and says
    /// whether anything was written.
    pub(crate) one: for<'a> fn(&'a mut dyn Session, &'a str, Option<i64>, Verb) -> Boxed<'a, bool>,
    /// Does it to the rows for which this condition holds, and gives their number.
    // Asked by HTTP.
    #[cfg_attr(not(feature = "axum"), allow(dead_code))]
    pub(crate) set: for<'a> fn(&'a mut dyn Session, Sql<'a>, Verb) -> Boxed<'a, usize>,
}

impl fmt::Debug for Engines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = [Kind::Sqlite, Kind::Postgres, Kind::Mysql];
        let there = kinds.iter().filter(|kind| self.on(**kind).is_some());
        f.debug_list().entries(there).finish()
    }
}

impl fmt::Debug for dyn AnyModel + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.facts().model.name)
    }
}
