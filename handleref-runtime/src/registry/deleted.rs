//! The rows that were deleted last.

use super::{Entry, Model, Object};
use crate::error::Error;
use crate::history::RecordNo;
use crate::model::lives_sql;
use crate::session::{Boxed, Executor, Session};
use crate::sql::{quoted, raw};
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
