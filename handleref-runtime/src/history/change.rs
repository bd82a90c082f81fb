//! One change, as a reader gets it.

use super::any::AnyInstance;
use super::{ChangesetNo, ObjectRef, Operation, Recorded};

pub(crate) mod head;
pub(crate) mod load;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::ser::{SerializeMap, SerializeStruct};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;

/// Where a change is: the number of its record, and its mark, which is the
/// transaction on PostgreSQL, the stamp on MySQL and MariaDB, and nothing on SQLite.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    pub(crate) id: i64,
    pub(crate) mark: i64,
}

/// A committed change of one row.
///
/// Serialised, it has the row as an object of its fields; a delete has none:
/// what is left then is the model and the key.
#[derive(Clone)]
#[non_exhaustive]
pub struct Change {
    /// The number of its record.
    pub id: i64,
    /// The model's name.
    pub model: &'static str,
    /// The row's key, as text.
    pub key: String,
    /// The version of the row after it; a delete is a version of its own.
    pub version: i64,
    /// What happened.
    pub operation: Operation,
    /// When, by the database's clock. Times of transactions that overlap are not
    /// in the order in which they became visible; changes are.
    pub at: DateTime<Utc>,
    /// The changeset that it is part of.
    pub changeset: Option<ChangesetNo>,
    /// The redacted columns that changed.
    pub redacted: Vec<String>,
    pub(crate) place: Place,
    pub(crate) row: Arc<dyn AnyInstance>,
}

impl Change {
    /// The row after the change, or as it was last if it was deleted; `None` if
    /// it is not one of this model.
    pub fn row<M: Recorded>(&self) -> Option<&M> {
        self.row.any().downcast_ref()
    }

    /// A reference to the row, whether it still exists or not.
    pub fn object(&self) -> ObjectRef {
        ObjectRef {
            model: self.model.to_owned(),
            key: self.key.clone(),
        }
    }

    /// Whether the row is not there any more.
    pub fn is_delete(&self) -> bool {
        self.operation == Operation::Delete
    }

    /// The names of the model's fields.
    pub fn fields(&self) -> &'static [&'static str] {
        self.row.fields()
    }

    /// The values of the row, in the order of the [`fields`](Change::fields).
    pub fn values(&self) -> Vec<Value> {
        self.row.values()
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// `102: update Article 7, version 3`
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            id,
            operation,
            model,
            key,
            version,
            ..
        } = self;
        write!(f, "{id}: {operation} {model} {key}, version {version}")
    }
}

/// The fields with their values.
struct RowOf<'a>(&'a dyn AnyInstance);

impl Serialize for RowOf<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = self.0.fields();
        let mut map = serializer.serialize_map(Some(fields.len()))?;
        for (field, value) in fields.iter().zip(self.0.values()) {
            map.serialize_entry(field, &value)?;
        }
        map.end()
    }
}

impl Serialize for Change {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let row = (!self.is_delete()).then_some(RowOf(&*self.row));
        let mut out = serializer.serialize_struct("Change", 8)?;
        out.serialize_field("id", &self.id)?;
        out.serialize_field("model", self.model)?;
        out.serialize_field("key", &self.key)?;
        out.serialize_field("version", &self.version)?;
        out.serialize_field("operation", &self.operation)?;
        out.serialize_field("at", &self.at)?;
        out.serialize_field("changeset", &self.changeset)?;
        out.serialize_field("row", &row)?;
        out.end()
    }
}
