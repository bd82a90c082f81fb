//! A recorded model without a struct: its facts are those that were written down at the
//! installation, and its values are what the database sends, by the types of the columns.
//!
//! What is asked of any model is answered here as for one with a struct, so all that is
//! done with the past of a row works for it, too. What it cannot: a struct's own checks.

use super::any::{AnyInstance, AnyKey, AnyModel, Boxed, Keyed, Metadata, Rows};
use super::stored_type::Class;
use crate::any::{Keys, Parent};
use crate::engine::row::AnyRow;
use crate::engine::{Engine, Kind, Typed};
use crate::facts::Capture;
use crate::hooks::HookError;
use crate::key::split_parts;
use crate::model::Living;
use crate::session::{Head, Session, cells_after};
use crate::sql::{Raw, Sql, quoted, raw};
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::QueryResult;
use serde_json::Value;
use std::any::Any;
use std::sync::Arc;

/// One such model on one engine.
#[derive(Debug)]
pub(crate) struct StoredModel {
    pub(crate) kind: Kind,
    pub(crate) facts: Metadata,
    /// Of what kind the values of each field are.
    pub(crate) classes: Vec<Class>,
    pub(crate) parents: Vec<StoredParent>,
}

/// A parent, as far as it is written down.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StoredParent {
    pub(crate) name: &'static str,
    pub(crate) table: &'static str,
    pub(crate) keys: &'static [&'static str],
    pub(crate) foreign_key: &'static [&'static str],
    pub(crate) living: Living<'static>,
}

/// SQL that was written for one engine.
struct Written(Raw);

impl<DB: Engine> QueryFragment<DB> for Written {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        // There are values in it.
        out.unsafe_to_cache_prepared();
        out.push_sql(&self.0);
        Ok(())
    }
}

fn written(kind: Kind, sql: Raw) -> Option<Typed<'static>> {
    match kind {
        #[cfg(feature = "sqlite")]
        Kind::Sqlite => Some(Typed::Sqlite(Box::new(Written(sql)))),
        #[cfg(feature = "postgres_backend")]
        Kind::Postgres => Some(Typed::Postgres(Box::new(Written(sql)))),
        #[cfg(feature = "mysql_backend")]
        Kind::Mysql => Some(Typed::Mysql(Box::new(Written(sql)))),
        #[allow(unreachable_patterns)]
        _ => None,
    }
}

impl StoredModel {
    /// The key that a text says; `None` if it says none.
    pub(crate) fn key_of_text(&self, text: &str) -> Option<AnyKey> {
        let names = self.facts.key();
        let parts = match names.len() {
            1 => vec![text.to_owned()],
            _ => split_parts(text)?,
        };
        if parts.len() != names.len() || text.is_empty() {
            return None;
        }
        let mut values = Vec::new();
        for (name, part) in names.iter().zip(&parts) {
            let at = self.facts.at(name)?;
            values.push(self.classes.get(at)?.literal(self.kind, part)?);
        }
        let equal = names
            .iter()
            .zip(&values)
            .map(|(name, value)| raw!("{} = {value}", [quoted(self.kind, name)], value));
        Some(AnyKey {
            text: text.to_owned(),
            condition: written(self.kind, Raw::join(equal, " AND "))?,
            values: written(self.kind, Raw::join(values.iter().cloned(), ", "))?,
        })
    }

    fn selection(&self) -> Raw {
        let table = quoted(self.kind, self.facts.table());
        let columns = self.facts.model.recording.columns.iter();
        let columns = columns.zip(&self.classes).map(|(column, class)| {
            let column = quoted(self.kind, column.name);
            class.selected(self.kind, raw!("{table}.{column}", table, column))
        });
        Raw::join(columns, ", ")
    }

    fn read(&'static self, row: &AnyRow<'_>, first: usize) -> QueryResult<StoredRow> {
        let columns = self.facts.model.recording.columns.iter();
        let cells = cells_after(row, first)?.into_iter().zip(&self.classes);
        let values = columns.zip(cells).map(|(column, (cell, class))| {
            match column.capture {
                Capture::Value => class.value(cell),
                // What must not be seen.
                Capture::Skipped(_) | Capture::Redacted(_) => Ok(Value::Null),
            }
        });
        Ok(StoredRow {
            model: self,
            values: values.collect::<QueryResult<_>>()?,
        })
    }
}

/// One of them; it is kept as long as the program runs, as the types of structs are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stored(pub(crate) &'static StoredModel);

impl AnyModel for Stored {
    fn facts(&self) -> Metadata {
        self.0.facts
    }

    fn load<'a>(
        &self,
        conn: &'a mut dyn Session,
        (width, columns): (usize, Sql<'a>),
        from: Sql<'a>,
    ) -> Boxed<'a, Rows> {
        let model = self.0;
        Box::pin(async move {
            let mut rows: Rows = Vec::new();
            let query = Sql::once("SELECT ").append(columns);
            let query = query.sql(if width > 0 { ", " } else { "" });
            let query = query.made(model.selection()).append(from);
            conn.each(query, &mut |row| {
                let head = Head::of(row, width)?;
                rows.push((head, Arc::new(model.read(row, width)?)));
                Ok(())
            })
            .await?;
            Ok(rows)
        })
    }

    fn keyed(&self) -> Keyed {
        Keyed {
            subject: self.0.facts.model,
            keys: self.0,
        }
    }

    fn key_of(&self, row: &dyn AnyInstance) -> Option<AnyKey> {
        let row = row.any().downcast_ref::<StoredRow>()?;
        self.0.key_of_text(&row.key())
    }

    fn clean(&self, at: usize, text: Option<&str>) -> Result<Value, String> {
        let class = self.0.classes.get(at).copied().unwrap_or(Class::Other);
        text.map_or(Ok(Value::Null), |text| class.read(text))
    }

    fn parents(&self) -> Vec<Parent> {
        let parents = self.0.parents.iter().filter_map(|parent| {
            let table = quoted(self.0.kind, parent.table);
            let column = raw!(
                "{table}.{}",
                [quoted(self.0.kind, parent.living.column())],
                table
            );
            let lives = parent.living.sql(self.0.kind, column, crate::sql::literal);
            Some(Parent {
                name: parent.name,
                keys: parent.keys,
                foreign_key: parent.foreign_key,
                table: written(self.0.kind, table)?,
                deleted: written(self.0.kind, raw!("NOT ({lives})", lives))?,
            })
        });
        parents.collect()
    }
}

impl Keys for StoredModel {
    fn read(&self, text: &str) -> Option<AnyKey> {
        self.key_of_text(text)
    }
}

/// A row of such a model.
struct StoredRow {
    model: &'static StoredModel,
    values: Vec<Value>,
}

impl AnyInstance for StoredRow {
    fn any(&self) -> &(dyn Any + Send + Sync) {
        self
    }
    fn fields(&self) -> &'static [&'static str] {
        self.model.facts.fields
    }
    fn values(&self) -> Vec<Value> {
        self.values.clone()
    }
    fn key(&self) -> String {
        let facts = &self.model.facts;
        let value = |name: &&'static str| self.values.get(facts.at(name)?);
        let values: Vec<&Value> = facts.key().iter().filter_map(value).collect();
        let object = super::ObjectRef::referred(facts.name(), &values);
        object.map(|it| it.key).unwrap_or_default()
    }
    fn version(&self) -> Option<i64> {
        let (column, _) = self.model.facts.model.roles.version?;
        self.values.get(self.model.facts.at(column)?)?.as_i64()
    }
    /// What the struct would say is not known.
    fn validate(&self) -> Result<(), HookError> {
        Ok(())
    }
}
