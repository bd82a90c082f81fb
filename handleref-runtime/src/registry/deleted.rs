//! The rows that were deleted last.

use super::{Entry, Model, Object};
use crate::error::Error;
use crate::facts::{RECORD_ID, RECORD_OPERATION};
use crate::history::RecordNo;
use crate::history::change::head::RecordHead;
use crate::model::lives_sql;
use crate::session::{Boxed, Executor, Session};
use crate::sql::{quoted, raw, same_key};
use serde::Serialize;

/// A row that was deleted, and by what.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Deletion {
    /// The row, as it was last.
    pub object: Object,
    /// Its last record: who, when, why; `None` if none is left.
    pub last: Option<Entry>,
}

impl Model {
    /// The soft-deleted rows, the last one first, at most so many (up to 10,000).
    ///
    /// # Errors
    /// [`Error::NoModel`] or [`Error::Database`]. There are none of a model without soft delete.
    pub fn last_deleted<'a, C: Executor>(
        &'a self,
        conn: &'a mut C,
        limit: u32,
    ) -> C::Output<'a, Result<Vec<Deletion>, Error>> {
        C::finish(self.deletions(conn, limit))
    }

    /// The rows that are not there any more, as they were last, the last one first.
    ///
    /// # Errors
    /// [`Error::NoModel`] or [`Error::Database`].
    pub fn last_gone<'a, C: Executor>(
        &'a self,
        conn: &'a mut C,
        limit: u32,
    ) -> C::Output<'a, Result<Vec<Deletion>, Error>> {
        C::finish(self.ends(conn, limit))
    }

    pub(crate) fn deletions<'a>(
        &'a self,
        conn: &'a mut dyn Session,
        limit: u32,
    ) -> Boxed<'a, Result<Vec<Deletion>, Error>> {
        Box::pin(async move {
            let kind = conn.kind();
            let roles = self.facts.model.roles;
            let Some((mark, _)) = roles.mark().filter(|_| self.is_soft_deleted()) else {
                return Ok(Vec::new());
            };
            let (lives, mark) = (lives_sql(kind, roles, ""), quoted(kind, mark));
            let from = self.facts.from_table();
            let from = from.made(raw!(
                " WHERE NOT ({lives}) ORDER BY {mark} DESC LIMIT ",
                lives,
                mark
            ));
            let from = from.bind(i64::from(limit.clamp(1, 10_000)));
            let rows = super::object::load(conn, self, self.on(kind)?, from).await?;
            self.with_ends(conn, rows).await
        })
    }

    pub(crate) fn ends<'a>(
        &'a self,
        conn: &'a mut dyn Session,
        limit: u32,
    ) -> Boxed<'a, Result<Vec<Deletion>, Error>> {
        Box::pin(async move {
            let gone = self
                .gone(conn, None::<RecordNo>, limit.clamp(1, 10_000))
                .await?;
            let rows = gone.into_iter().map(|(_, object)| object).collect();
            self.with_ends(conn, rows).await
        })
    }

    /// The rows that are gone, as they were last, with the records of their ends; the last one first.
    pub(crate) async fn gone(
        &self,
        conn: &mut dyn Session,
        before: Option<RecordNo>,
        limit: u32,
    ) -> Result<Vec<(i64, Object)>, Error> {
        let kind = conn.kind();
        let from = self
            .facts
            .from_records()
            .sql(" WHERE ")
            .name(RECORD_OPERATION);
        let from = from.sql(" = 'delete'");
        let from = match before {
            Some(before) => from.sql(" AND ").name(RECORD_ID).sql(" < ").bind(before.0),
            None => from,
        };
        let same = same_key(kind, self.key(), "handleref_o", quoted(kind, self.table()));
        let from = from
            .sql(" AND NOT EXISTS (SELECT 1 FROM ")
            .name(self.record_table());
        let from = from
            .sql(" AS handleref_o WHERE ")
            .made(same)
            .sql(" AND handleref_o.");
        let from = from
            .name(RECORD_ID)
            .sql(" > ")
            .name(self.table())
            .sql(".")
            .name(RECORD_ID);
        let from = from.sql(") ORDER BY ").name(RECORD_ID).sql(" DESC LIMIT ");
        let from = from.bind(i64::from(limit));
        let columns = RecordHead::columns(&self.facts);
        let rows = self.on(kind)?.load(conn, columns, from).await?;
        let mut gone = Vec::with_capacity(rows.len());
        for (head, row) in rows {
            let head = RecordHead::read(&self.facts, head)?;
            let mut object = Object::new(self, &*row, true);
            object.version = Some(head.version);
            gone.push((head.id, object));
        }
        Ok(gone)
    }

    async fn with_ends(
        &self,
        conn: &mut dyn Session,
        rows: Vec<Object>,
    ) -> Result<Vec<Deletion>, Error> {
        let mut found = Vec::with_capacity(rows.len());
        for object in rows {
            let history = self.history(object.key.as_str()).limit(1);
            let mut page = super::history::load(conn, history).await?;
            let last = page.entries.pop();
            found.push(Deletion { object, last });
        }
        Ok(found)
    }
}
