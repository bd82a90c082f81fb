//! Whole rows, read by their keys or page by page.

use super::write::one_of;
use crate::error::Error;
use crate::history::any::{AnyInstance, AnyKey, AnyModel};
use crate::maintain::keys::{KeyLiteral, Range, end_of_batch};
use crate::session::Session;
use crate::sql::{Sql, quoted};
use std::sync::Arc;

/// So many keys are looked for by one statement; SQLite nests a condition for
/// each key of several columns.
pub(super) const KEYS: usize = 250;

/// The rows with these keys, in no order.
pub(super) async fn by_keys(
    conn: &mut dyn Session,
    model: &dyn AnyModel,
    keys: &[AnyKey],
) -> Result<Vec<Arc<dyn AnyInstance>>, Error> {
    let facts = model.facts();
    let mut rows = Vec::with_capacity(keys.len());
    for keys in keys.chunks(KEYS) {
        let from = facts.from_table().sql(" WHERE ");
        let from = from.append(one_of(&facts.model, keys));
        rows.extend(model.rows(conn, from).await?);
    }
    Ok(rows)
}

/// Walks through a table in the order that its database gives the keys.
#[derive(Debug, Clone, Default)]
pub(super) struct Walk {
    after: Option<KeyLiteral>,
    finished: bool,
}

impl Walk {
    /// The next `size` rows; none at the end.
    pub(super) async fn next(
        &mut self,
        conn: &mut dyn Session,
        model: &dyn AnyModel,
        size: u32,
    ) -> Result<Vec<Arc<dyn AnyInstance>>, Error> {
        if self.finished {
            return Ok(Vec::new());
        }
        let subject = model.facts().model;
        let until = end_of_batch(conn, &subject, self.after.as_ref(), size).await?;
        let range = Range {
            after: self.after.take(),
            until,
        };
        let kind = conn.kind();
        let table = quoted(kind, subject.table);
        let from = Sql::new(" FROM ")
            .name(subject.table)
            .sql(" WHERE ")
            .once_made(range.condition(kind, &table, subject.key));
        let rows = model.rows(conn, from).await?;
        self.finished = range.until.is_none();
        self.after = range.until;
        Ok(rows)
    }
}

/// How many rows a table has.
pub(super) async fn count(conn: &mut dyn Session, table: &'static str) -> Result<i64, Error> {
    let (rows,) = conn
        .one(Sql::new("SELECT COUNT(*) FROM ").name(table))
        .await?;
    Ok(rows)
}
