//! What is known of a model.

use super::Model;
use crate::error::Error;
use crate::facts::{Capture, RecordedColumn, Reference};
use crate::schema::Catalog;
use crate::session::{Boxed, Executor, Session};
use serde::Serialize;
use serde::ser::SerializeStruct;

/// A field of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Field {
    /// The name of the struct's field.
    pub name: &'static str,
    /// The column's SQL name.
    pub column: &'static str,
    /// What handleref or the model uses it for.
    pub role: Option<Role>,
    /// Whether its values are in the history, and may come out of a registry.
    pub is_recorded: bool,
    /// Whether the history knows when it changed, but not its values.
    pub is_redacted: bool,
    /// Whether it can be null.
    pub is_nullable: bool,
    /// The model that it refers to, if it is a foreign key of one column.
    pub references: Option<&'static str>,
}

/// What a column is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Role {
    /// It is the primary key, or a part of it.
    Key,
    /// The version.
    Version,
    /// The time of the creation.
    CreatedAt,
    /// The time of the last change.
    UpdatedAt,
    /// The time of the soft delete.
    DeletedAt,
    /// A status that says whether the row is soft-deleted.
    Status,
}

/// A column of a model's table, as the database has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Column {
    /// Its SQL name.
    pub name: String,
    /// Its SQL type, in lower case.
    pub sql_type: String,
    /// Whether it can be null.
    pub is_nullable: bool,
    /// Whether the database computes it.
    pub is_generated: bool,
}

impl Model {
    /// The name of its struct.
    pub fn name(&self) -> &'static str {
        self.facts.name()
    }

    /// The tag of its handles; `None` if it does not derive `HandleRef`.
    pub fn tag(&self) -> Option<&'static str> {
        self.tag
    }

    /// The name of its table.
    pub fn table(&self) -> &'static str {
        self.facts.table()
    }

    /// The name of its record table.
    pub fn record_table(&self) -> &'static str {
        self.facts.records()
    }

    /// The columns of its primary key.
    pub fn key(&self) -> &'static [&'static str] {
        self.facts.key()
    }

    /// Its fields, in the order of the struct.
    pub fn fields(&self) -> impl Iterator<Item = Field> {
        let columns = self.facts.model.recording.columns.iter();
        let fields = columns.zip(self.facts.fields);
        fields.map(|(column, name)| self.field(column, name))
    }

    fn field(&self, column: &RecordedColumn, name: &'static str) -> Field {
        Field {
            name,
            column: column.name,
            role: self.role(column.name),
            is_recorded: column.capture == Capture::Value,
            is_redacted: matches!(column.capture, Capture::Redacted(_)),
            is_nullable: column.nullable,
            references: self.facts.referred_by(column.name),
        }
    }

    fn role(&self, column: &str) -> Option<Role> {
        let roles = &self.facts.model.roles;
        let named = |role: Option<&str>| role == Some(column);
        let found = [
            (self.key().contains(&column), Role::Key),
            (named(roles.version.map(|it| it.0)), Role::Version),
            (named(roles.created_at.map(|it| it.0)), Role::CreatedAt),
            (named(roles.updated_at.map(|it| it.0)), Role::UpdatedAt),
            (named(roles.deleted_at.map(|it| it.0)), Role::DeletedAt),
            (named(roles.status), Role::Status),
        ];
        found.into_iter().find(|it| it.0).map(|it| it.1)
    }

    /// The models that it refers to, also by several columns.
    pub fn references(&self) -> &'static [Reference] {
        self.facts.model.recording.references
    }

    /// Whether its rows do nothing but join rows of two models (many-to-many):
    /// the two [`references`](Model::references), of which the first is the owner.
    pub fn is_link(&self) -> bool {
        self.facts.model.recording.link
    }

    /// Whether its rows can be soft-deleted.
    pub fn is_soft_deleted(&self) -> bool {
        let roles = &self.facts.model.roles;
        roles.deleted_at.is_some() || roles.status.is_some()
    }

    /// Whether every change of a row must be made in a changeset.
    pub fn requires_changeset(&self) -> bool {
        self.facts.model.recording.requires_changeset
    }

    /// The values that are computed when a record is written, by their names.
    pub fn properties(&self) -> impl Iterator<Item = &'static str> {
        let properties = self.facts.model.recording.properties.iter();
        properties.map(|property| property.name)
    }

    /// The columns of its table with their SQL types, as the database has them;
    /// also those for which the struct has no field.
    ///
    /// # Errors
    /// [`Error::Database`]. There are none if there is no such table.
    pub fn columns<'a, C: Executor>(
        &'a self,
        conn: &'a mut C,
    ) -> C::Output<'a, Result<Vec<Column>, Error>> {
        C::finish(self.catalogued(conn))
    }

    fn catalogued<'a>(
        &'a self,
        conn: &'a mut dyn Session,
    ) -> Boxed<'a, Result<Vec<Column>, Error>> {
        Box::pin(async move {
            let mut catalog = Catalog::default();
            let found = catalog.table(conn, self.table()).await?;
            let has = |names: &[String], name: &String| names.contains(name);
            let columns = found.columns.iter().zip(&found.sql_types);
            let columns = columns.map(|(name, sql_type)| Column {
                name: name.clone(),
                sql_type: sql_type.clone(),
                is_nullable: !has(&found.not_null, name),
                is_generated: has(&found.generated, name),
            });
            Ok(columns.collect())
        })
    }
}

/// What is known of it, without a database.
impl Serialize for Model {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Model", 10)?;
        out.serialize_field("name", self.name())?;
        out.serialize_field("table", self.table())?;
        out.serialize_field("record_table", self.record_table())?;
        out.serialize_field("key", self.key())?;
        out.serialize_field("soft_deleted", &self.is_soft_deleted())?;
        out.serialize_field("link", &self.is_link())?;
        out.serialize_field("requires_changeset", &self.requires_changeset())?;
        out.serialize_field("fields", &self.fields().collect::<Vec<_>>())?;
        out.serialize_field("references", self.references())?;
        out.serialize_field("properties", &self.properties().collect::<Vec<_>>())?;
        out.end()
    }
}
