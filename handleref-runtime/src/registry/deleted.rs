//! The rows that were deleted last.

use super::{Model, Object};
use crate::any::AnyKey;
use crate::changeset::{Changeset, find_all};
use crate::error::Error;
use crate::facts::{RECORD_ID, RECORD_OPERATION};
use crate::history::change::head::RecordHead;
use crate::history::{ChangesetNo, Operation, RecordNo};
use crate::model::lives_sql;
use crate::session::{Boxed, Executor, Session};
use crate::sql::{Raw, Sql, quoted, raw, same_key};
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::HashMap;

/// A row that was deleted, and by what.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Deletion {
    /// The row, as it was last.
    pub object: Object,
    /// Its last record: who, when, why; `None` if none is left.
    pub last: Option<Ending>,
}

/// The record by which a row was deleted.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Ending {
    /// The number of the record.
    pub record: i64,
    /// The version of the row after it.
    pub version: i64,
    /// What happened.
    pub operation: Operation,
    /// When, by the database's clock.
    pub at: DateTime<Utc>,
    /// The number of the changeset that it is part of.
    pub changeset_no: Option<ChangesetNo>,
    /// That changeset: who, and why; `None` if somebody has deleted it.
    pub changeset: Option<Changeset>,
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
            let keys: Vec<&str> = rows.iter().map(|it| it.key.as_str()).collect();
            let mut heads = self.last_records(conn, &keys).await?;
            let rows = rows
                .into_iter()
                .map(|object| (heads.remove(&object.key), object));
            told(conn, rows.collect()).await
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
            let rows = gone.into_iter().map(|(head, object)| (Some(head), object));
            told(conn, rows.collect()).await
        })
    }

    /// The rows that are gone, as they were last, with the records of their ends; the last one first.
    pub(crate) async fn gone(
        &self,
        conn: &mut dyn Session,
        before: Option<RecordNo>,
        limit: u32,
    ) -> Result<Vec<(RecordHead, Object)>, Error> {
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
            gone.push((head, object));
        }
        Ok(gone)
    }

    /// The last records of the rows with these keys, by key; one query for 500 of them.
    async fn last_records(
        &self,
        conn: &mut dyn Session,
        keys: &[&str],
    ) -> Result<HashMap<String, RecordHead>, Error> {
        let on = self.on(conn.kind())?;
        let names: Vec<_> = self
            .key()
            .iter()
            .map(|it| quoted(conn.kind(), it))
            .collect();
        let mut found = HashMap::with_capacity(keys.len());
        for keys in keys.chunks(500) {
            let keys: Vec<AnyKey> = keys.iter().filter_map(|key| on.key(key)).collect();
            // How many there are is a part of the text.
            let mut from = Sql::once("").append(self.facts.from_records());
            from = from.sql(" WHERE ").name(RECORD_ID).sql(" IN (SELECT MAX(");
            from = from
                .name(RECORD_ID)
                .sql(") FROM ")
                .name(self.record_table());
            from = from.sql(" WHERE 1 = 0");
            for key in &keys {
                from = from.sql(" OR (").typed(&key.condition).sql(")");
            }
            from = from
                .sql(" GROUP BY ")
                .made(Raw::join(names.iter().cloned(), ", "))
                .sql(")");
            let rows = on
                .load(conn, RecordHead::columns(&self.facts), from)
                .await?;
            for (head, row) in rows {
                found.insert(row.key(), RecordHead::read(&self.facts, head)?);
            }
        }
        Ok(found)
    }
}

/// Rows with who deleted them; one query for all changesets.
async fn told(
    conn: &mut dyn Session,
    rows: Vec<(Option<RecordHead>, Object)>,
) -> Result<Vec<Deletion>, Error> {
    let numbers = rows
        .iter()
        .filter_map(|(head, _)| Some(head.as_ref()?.changeset?.0));
    let changesets = find_all(conn, &numbers.collect::<Vec<_>>())
        .await?
        .into_iter();
    let changesets: HashMap<ChangesetNo, Changeset> = changesets.map(|it| (it.no, it)).collect();
    let deletion = |(head, object): (Option<RecordHead>, Object)| Deletion {
        object,
        last: head.map(|head| Ending {
            record: head.id,
            version: head.version,
            operation: head.operation,
            at: head.at,
            changeset_no: head.changeset,
            changeset: head.changeset.and_then(|no| changesets.get(&no).cloned()),
        }),
    };
    Ok(rows.into_iter().map(deletion).collect())
}
