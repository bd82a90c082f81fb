//! A change with the state before it, as the hooks get it.

use crate::history::{FieldChange, Fields, Json, Operation};
use crate::sync::Change;
use serde_json::{Map, Value, json};
use std::fmt;

/// A change of a row of `M`, for [`Feed::diff`](super::Feed::diff).
#[non_exhaustive]
#[doc(alias = "dirty_fields")]
pub struct Changed<'a, M> {
    /// The row before; `None` if it was inserted, deleted or erased.
    pub old: Option<&'a M>,
    /// The row after; as it was last, if it was deleted.
    pub new: &'a M,
    /// What happened.
    pub operation: Operation,
    /// Whether the row was inserted.
    pub created: bool,
    /// The fields that changed, in the order of the struct: all but the key of a
    /// row that was inserted, none of one that was deleted or erased. The version
    /// and the timestamps that handleref writes are not among them.
    pub fields: Vec<FieldChange>,
    /// The change as [`changes`](crate::sync::changes) tells it.
    pub change: &'a Change,
}

impl<M> fmt::Debug for Changed<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.change.fmt(f)
    }
}

impl<M: Fields<Json>> Changed<'_, M> {
    /// The change of a field, by its name in the struct.
    pub fn field(&self, name: &str) -> Option<&FieldChange> {
        self.fields.iter().find(|change| change.field == name)
    }

    /// What it is without a hook: `{"model": "Article", "pk": 7, "fields": {"title":
    /// "New"}}`, with the new values. A composite key is a list; redacted fields that
    /// changed are named in a list `redacted`.
    pub fn default_data(&self) -> Value {
        let (redacted, listed): (Vec<_>, Vec<_>) =
            self.fields.iter().partition(|change| change.redacted);
        let fields = listed
            .iter()
            .map(|change| (change.field.to_owned(), change.new.clone()));
        let fields: Map<String, Value> = fields.collect();
        let mut data = json!({
            "model": M::RECORDED_NAME,
            "pk": key(self.new),
            "fields": fields,
        });
        if !redacted.is_empty() {
            let names: Vec<_> = redacted.iter().map(|change| change.field).collect();
            data["redacted"] = json!(names);
        }
        data
    }
}

/// The primary key as serde sees it.
fn key<M: Fields<Json>>(row: &M) -> Value {
    let columns = M::RECORDING.columns.iter();
    let values = columns.zip(row.values());
    let key = |name: &&str| {
        let mut values = values.clone();
        values.find(|(column, _)| column.name == *name)
    };
    let mut key: Vec<Value> = M::RECORDED_KEY
        .iter()
        .filter_map(key)
        .map(|(_, value)| value)
        .collect();
    match key.len() {
        1 => key.remove(0),
        _ => Value::Array(key),
    }
}
