//! What a server of HTTP and the command line ask of a model besides.

use super::object::load_rows;
use super::{Entry, Model, Object};
#[cfg(feature = "axum")]
use crate::any::AnyKey;
use crate::any::{AnyInstance, Engines, Subject, Verbs};
#[cfg(feature = "manage")]
use crate::engine::Kind;
use crate::error::Error;
use crate::history::as_of::PastRows;
use crate::history::{Change, Moment, ObjectRef, VersionNo};
use crate::model::{Living, Roles};
#[cfg(feature = "manage")]
use crate::schema::RecordedTable;
use crate::session::Session;
use crate::sql::Sql;
use serde_json::{Map, Value};
use std::any::TypeId;
use std::sync::Arc;

impl Model {
    pub(crate) fn roles(&self) -> Roles {
        self.facts.model.roles
    }

    pub(crate) fn subject(&self) -> Subject {
        self.facts.model
    }

    /// The column that says whether a row is soft-deleted.
    #[cfg(feature = "manage")]
    pub(crate) fn mark(&self) -> Option<&'static str> {
        self.facts.model.roles.living().map(|it| it.column())
    }

    /// A reference to the row whose key a user wrote.
    #[cfg(feature = "manage")]
    pub(crate) fn object(&self, kind: Kind, key: &str) -> Result<ObjectRef, Error> {
        Ok(self.reference(&self.key_on(kind, key)?.1.text))
    }

    /// Its table, as a scan looks at it.
    #[cfg(feature = "manage")]
    pub(crate) fn recorded_table(&self) -> RecordedTable {
        let one = self.subject();
        RecordedTable::named((one.name, one.table), one.key, one.recording, one.roles)
    }

    /// Its verbs on a type of connection.
    pub(crate) fn verbs_of(&self, connection: TypeId) -> Option<Verbs> {
        let mut verbs = self.verbs.iter();
        verbs.find(|it| it.connection == connection).copied()
    }

    /// The field of a column.
    pub(crate) fn field_of(&self, column: &str) -> Option<&'static str> {
        let at = self.facts.at(column)?;
        self.facts.fields.get(at).copied()
    }

    #[cfg(feature = "axum")]
    pub(crate) fn is_nullable(&self, column: &str) -> bool {
        let at = self.facts.at(column);
        let column = at.and_then(|at| self.facts.model.recording.columns.get(at));
        column.is_none_or(|column| column.nullable)
    }

    #[cfg(feature = "axum")]
    /// Whether the values of a field come out.
    pub(crate) fn shows(&self, name: &str) -> bool {
        self.fields()
            .any(|field| field.name == name && field.is_recorded)
    }

    #[cfg(feature = "axum")]
    /// Whether handleref writes a field itself.
    pub(crate) fn is_managed(&self, name: &str) -> bool {
        let roles = self.roles();
        let mut managed = roles.managed();
        managed.any(|column| column == name || self.field_of(column) == Some(name))
    }

    #[cfg(feature = "axum")]
    /// Whether a value is the mark of a soft-deleted row.
    pub(crate) fn is_mark(&self, name: &str, value: &Value) -> bool {
        match self.roles().living() {
            Some(Living::Not(column, deleted)) => {
                self.field_of(column) == Some(name) && value == deleted
            }
            _ => false,
        }
    }

    #[cfg(feature = "axum")]
    /// Writes the times that handleref manages with the zone that they are in, UTC. Without one, other
    /// programs take a time for one of their own zone.
    pub(crate) fn zoned(&self, values: &mut Map<String, Value>) {
        let roles = self.roles();
        let times = [roles.created_at, roles.updated_at, roles.deleted_at];
        for (column, _) in times.into_iter().flatten() {
            let value = self
                .field_of(column)
                .and_then(|field| values.get_mut(field));
            if let Some(Value::String(text)) = value
                && text.parse::<chrono::NaiveDateTime>().is_ok()
            {
                text.push('Z');
            }
        }
    }

    /// Whether values are those of a soft-deleted row.
    pub(crate) fn is_marked(&self, values: &Map<String, Value>) -> bool {
        let value = |column: &str| values.get(self.field_of(column)?);
        match self.roles().living() {
            Some(Living::Null(column)) => value(column).is_some_and(|it| !it.is_null()),
            Some(Living::Not(column, deleted)) => value(column).is_some_and(|it| it == deleted),
            None => false,
        }
    }

    pub(crate) fn engines(&self) -> Engines {
        self.engines
    }

    /// A reference to the row with this key.
    pub(crate) fn reference(&self, key: &str) -> ObjectRef {
        ObjectRef {
            model: self.name().to_owned(),
            key: key.to_owned(),
        }
    }

    #[cfg(feature = "axum")]
    /// Those of the rows with these keys that are there, soft-deleted or not.
    pub(crate) async fn all_of(
        &self,
        conn: &mut dyn Session,
        keys: &[&str],
    ) -> Result<Vec<Object>, Error> {
        let on = self.on(conn.kind())?;
        let mut all = Vec::new();
        for keys in keys.chunks(500) {
            let keys: Vec<AnyKey> = keys.iter().filter_map(|key| on.key(key)).collect();
            // How many there are is a part of the text.
            let mut from = Sql::once("").sql(" FROM ").name(self.table());
            from = from.sql(" WHERE 1 = 0");
            for key in &keys {
                from = from.sql(" OR (").typed(&key.condition).sql(")");
            }
            let rows = load_rows(conn, self, on, from).await?;
            all.extend(rows.into_iter().map(|(object, _)| object));
        }
        Ok(all)
    }

    /// The row as it is, soft-deleted or not.
    pub(crate) async fn now(
        &self,
        conn: &mut dyn Session,
        key: &str,
    ) -> Result<Option<Object>, Error> {
        self.find(conn, key).await
    }

    /// The row as a version of it was.
    pub(crate) async fn version_of(
        &self,
        conn: &mut dyn Session,
        key: &str,
        version: VersionNo,
    ) -> Result<Option<(Object, Arc<dyn AnyInstance>)>, Error> {
        let (on, key) = self.key_on(conn.kind(), key)?;
        let past = PastRows {
            subject: self.subject(),
            point: version.point(),
        };
        let from = Sql::new(" FROM (").append(Sql::every(&past)).sql(") AS ");
        let from = from.name(self.table()).sql(" WHERE ").typed(&key.condition);
        let found = load_rows(conn, self, on, from).await?.pop();
        Ok(found.filter(|(object, _)| object.version.is_none_or(|it| it == version.0)))
    }
}

impl Object {
    #[cfg(feature = "axum")]
    pub(crate) fn reference(&self) -> ObjectRef {
        ObjectRef {
            model: self.model.to_owned(),
            key: self.key.clone(),
        }
    }

    /// A row as it was after a change.
    pub(crate) fn changed(model: &Model, change: &Change) -> Self {
        let object = Self::new(model, &*change.row, false);
        let is_deleted = change.is_delete() || model.is_marked(&object.values);
        Self {
            version: Some(change.version),
            is_deleted,
            ..object
        }
    }

    /// A row as a record of it says.
    pub(crate) fn recorded(
        model: &'static str,
        key: &str,
        entry: &Entry,
        is_deleted: bool,
    ) -> Self {
        Self {
            model,
            key: key.to_owned(),
            version: Some(entry.version),
            is_deleted,
            values: entry.values.clone(),
        }
    }
}
