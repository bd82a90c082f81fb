//! What is known of a recorded model and its fields.

use super::diff::FieldChange;
use super::subject::Subject;
use super::value::{Fields, Json};
use crate::any::AnyKey;
pub use crate::any::Metadata;
use crate::error::Error;
use crate::facts::Capture;
use crate::sql::Sql;
use serde_json::Value;

impl Metadata {
    pub(crate) fn of<M: Fields<Json>>() -> Self {
        Self {
            model: Subject::of::<M>(),
            fields: M::FIELDS,
            unique: M::RECORDED_UNIQUE,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.model.name
    }

    /// The columns of the primary key.
    pub(crate) fn key(&self) -> &'static [&'static str] {
        self.model.key
    }

    pub(crate) fn table(&self) -> &'static str {
        self.model.table
    }

    pub(crate) fn records(&self) -> &'static str {
        self.model.recording.records
    }

    /// ` FROM <table>`
    #[allow(clippy::wrong_self_convention)] // A clause, no conversion.
    pub(crate) fn from_table<'a>(&self) -> Sql<'a> {
        Sql::new(" FROM ").name(self.table())
    }

    /// ` FROM <records> AS <table>`, from which rows of the model are loaded.
    #[allow(clippy::wrong_self_convention)] // A clause, no conversion.
    pub(crate) fn from_records<'a>(&self) -> Sql<'a> {
        let from = Sql::new(" FROM ").name(self.records());
        from.sql(" AS ").name(self.table())
    }

    /// Whether a column is one that handleref writes with every change, and so
    /// says nothing about what changed.
    pub(crate) fn is_managed(&self, column: &str) -> bool {
        let roles = &self.model.roles;
        let version = roles.version.map(|(name, _)| name);
        let times = [roles.created_at, roles.updated_at].map(|role| role.map(|(name, _)| name));
        version == Some(column) || times.contains(&Some(column))
    }

    /// Whether the values of the column at a place are recorded and say what
    /// changed.
    pub(crate) fn tells(&self, at: usize) -> bool {
        let column = self.model.recording.columns.get(at);
        column.is_some_and(|it| it.capture == Capture::Value && !self.is_managed(it.name))
    }

    /// Whether a revert or an undo may say what the field at a place is to be.
    pub(crate) fn is_open(&self, at: usize) -> bool {
        let column = self.model.recording.columns.get(at);
        self.tells(at) && column.is_some_and(|column| !self.model.key.contains(&column.name))
    }

    /// Whether this is the name of the field at a place, or of its column.
    pub(crate) fn is_named(&self, at: usize, name: &str) -> bool {
        let column = self.model.recording.columns.get(at);
        self.fields.get(at).is_some_and(|field| *field == name)
            || column.is_some_and(|column| column.name == name)
    }

    /// The column that the name of a field or a column means, if a revert may
    /// bring it back. The name of a field comes first.
    pub(crate) fn open_column(&self, name: &str) -> Result<&'static str, Error> {
        let columns = self.model.recording.columns;
        let field = self.fields.iter().position(|field| *field == name);
        let found = field.or_else(|| self.at(name));
        let found = found.filter(|at| self.is_open(*at));
        let column = found.and_then(|at| columns.get(at));
        column.map(|it| it.name).ok_or_else(|| Error::NoField {
            model: self.name(),
            field: name.to_owned(),
        })
    }

    /// The place of a column.
    pub(crate) fn at(&self, column: &str) -> Option<usize> {
        let mut columns = self.model.recording.columns.iter();
        columns.position(|one| one.name == column)
    }

    /// The model that a column refers to, if it is a foreign key by itself.
    pub(crate) fn referred_by(&self, column: &str) -> Option<&'static str> {
        let mut references = self.model.recording.references.iter();
        let found = references.find(|reference| reference.columns == [column]);
        found.map(|reference| reference.model)
    }

    /// The change of the field at a place; `None` if there is no such column.
    pub(crate) fn change(
        &self,
        at: usize,
        old: Option<&Value>,
        new: Option<&Value>,
    ) -> Option<FieldChange> {
        let column = self.model.recording.columns.get(at)?;
        Some(FieldChange {
            field: self.fields.get(at).copied().unwrap_or(column.name),
            column: column.name,
            old: old.cloned().unwrap_or_default(),
            new: new.cloned().unwrap_or_default(),
            redacted: false,
            references: self.referred_by(column.name),
        })
    }

    /// The change of the field at a place, of which only the change is known.
    pub(crate) fn redacted(&self, at: usize) -> Option<FieldChange> {
        let redacted = true;
        let change = self.change(at, None, None)?;
        Some(FieldChange { redacted, ..change })
    }

    /// The fields that differ between two states of a row; nulls where there is
    /// no row.
    pub(crate) fn compare(&self, old: Option<&[Value]>, new: Option<&[Value]>) -> Vec<FieldChange> {
        let same = |at: usize| match (old, new) {
            (Some(old), Some(new)) => old.get(at) == new.get(at),
            (one, other) => {
                let mut known = one.or(other).and_then(|row| row.get(at)).into_iter();
                known.all(Value::is_null)
            }
        };
        let columns = 0..self.model.recording.columns.len();
        let differing = columns.filter(|at| self.tells(*at) && !same(*at));
        let changes = differing.filter_map(|at| {
            self.change(
                at,
                old.and_then(|row| row.get(at)),
                new.and_then(|row| row.get(at)),
            )
        });
        changes.collect()
    }

    /// The row with this key does not exist, and never did.
    pub(crate) fn gone(&self, key: &AnyKey) -> Error {
        Error::Gone {
            model: self.name(),
            key: key.text.clone(),
        }
    }
}
