//! Rows as JSON values.

use super::Model;
use crate::any::{AnyInstance, AnyModel};
use crate::engine::Kind;
use crate::error::Error;
use crate::facts::Capture;
use crate::model::lives_sql;
use crate::session::{Boxed, Executor, Head, Session};
use crate::sql::Sql;
use serde::Serialize;
use serde_json::{Map, Value};
use std::sync::Arc;

/// A row of a model.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Object {
    /// The model's name.
    pub model: &'static str,
    /// The row's key, as text.
    pub key: String,
    /// Its version, if the model has one.
    pub version: Option<i64>,
    /// Whether it is soft-deleted.
    pub is_deleted: bool,
    /// The values of its fields, as serde sees them, by the names of the struct's
    /// fields; without those that are redacted or skipped.
    pub values: Map<String, Value>,
}

impl Object {
    pub(super) fn new(model: &Model, row: &dyn AnyInstance, is_deleted: bool) -> Self {
        Self {
            model: model.name(),
            key: row.key(),
            version: row.version(),
            is_deleted,
            values: values(model, row),
        }
    }
}

/// The values that may come out, by field.
pub(super) fn values(model: &Model, row: &dyn AnyInstance) -> Map<String, Value> {
    let columns = model.facts.model.recording.columns.iter();
    let fields = columns.zip(model.facts.fields).zip(row.values());
    let shown = fields.filter(|((column, _), _)| column.capture == Capture::Value);
    shown
        .map(|((_, field), value)| ((*field).to_owned(), value))
        .collect()
}

/// Whether a row is soft-deleted, as a column.
fn deleted(model: &Model, kind: Kind) -> (usize, Sql<'static>) {
    let lives = lives_sql(kind, model.facts.model.roles, "");
    let sql = Sql::new("CASE WHEN ").made(lives);
    (1, sql.sql(" THEN 0 ELSE 1 END"))
}

/// The rows of `FROM ..`.
pub(super) async fn load(
    conn: &mut dyn Session,
    model: &Model,
    on: &dyn AnyModel,
    from: Sql<'_>,
) -> Result<Vec<Object>, Error> {
    let rows = load_rows(conn, model, on, from).await?;
    Ok(rows.into_iter().map(|(object, _)| object).collect())
}

/// The same with their types behind them.
pub(crate) async fn load_rows(
    conn: &mut dyn Session,
    model: &Model,
    on: &dyn AnyModel,
    from: Sql<'_>,
) -> Result<Vec<(Object, Arc<dyn AnyInstance>)>, Error> {
    let columns = deleted(model, conn.kind());
    let rows = on.load(conn, columns, from).await?;
    let read = |(head, row): (Head, Arc<dyn AnyInstance>)| {
        let (is_deleted,) = head.read::<(bool,)>()?;
        Ok((Object::new(model, &*row, is_deleted), row))
    };
    rows.into_iter().map(read).collect()
}

impl Model {
    /// The row with this key, soft-deleted or not; `None` if it is gone.
    ///
    /// # Errors
    /// [`Error::WrongObject`] if the text is no key of this model,
    /// [`Error::NoModel`] or [`Error::Database`].
    pub fn row<'a, C: Executor>(
        &'a self,
        conn: &'a mut C,
        key: &'a str,
    ) -> C::Output<'a, Result<Option<Object>, Error>> {
        C::finish(self.find(conn, key))
    }

    pub(super) fn find<'a>(
        &'a self,
        conn: &'a mut dyn Session,
        key: &'a str,
    ) -> Boxed<'a, Result<Option<Object>, Error>> {
        Box::pin(async move {
            let (on, key) = self.key_on(conn.kind(), key)?;
            let from = self.facts.from_table().sql(" WHERE ");
            let from = from.typed(&key.condition);
            Ok(load(conn, self, on, from).await?.pop())
        })
    }
}
