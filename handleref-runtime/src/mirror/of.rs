//! What is done with one model.

use super::digest;
use super::models::{Digests, Do, Found, Op, Row};
use super::rows::{KEYS, Walk, by_keys, count};
use super::write::{
    AnyWriter, insert, is_partial, one_of, referring, rows_per_statement, unlinking, update,
};
use crate::error::Error;
use crate::history::any::{AnyKey, AnyModel};
use crate::history::subject::Subject;
use crate::schema::Catalog;
use crate::session::Session;
use crate::sql::Sql;
use crate::sync::Change;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// A mirrored model: how its rows are read at the source, and how they are read
/// and written in the target.
#[doc(hidden)]
#[allow(missing_debug_implementations)]
pub struct One {
    /// The place in the list.
    pub(super) at: usize,
    pub(super) source: &'static dyn AnyModel,
    pub(super) target: &'static dyn AnyModel,
    pub(super) writer: &'static dyn AnyWriter,
}

/// The digests of rows, by their keys.
fn digests(rows: &[Row]) -> Digests {
    let digest = |row: &Row| (row.key(), digest::of_row(&row.values()));
    rows.iter().map(digest).collect()
}

impl One {
    pub(super) fn subject(&self) -> Subject {
        self.target.facts().model
    }

    /// The name of the struct.
    pub(super) fn name(&self) -> &'static str {
        self.subject().name
    }

    /// The name of the table.
    pub(super) fn table(&self) -> &'static str {
        self.subject().table
    }

    /// Whether all changes of all rows are recorded.
    pub(super) fn is_complete(&self) -> bool {
        self.subject().recording.condition.is_none()
    }

    /// Whether changes need the live row beside their record.
    pub(super) fn is_partial(&self) -> bool {
        is_partial(&self.subject())
    }

    /// How many rows go into one statement.
    pub(super) fn rows_per_statement(&self) -> usize {
        rows_per_statement(self.subject().recording.columns.len())
    }

    fn op(&self, row: Row) -> Arc<Op> {
        Arc::new(self.of(row, Do::Insert))
    }

    fn delete_op(&self, row: Row) -> Arc<Op> {
        Arc::new(self.of(row, Do::Delete))
    }

    fn of(&self, row: Row, kind: Do) -> Op {
        Op {
            model: self.at,
            key: row.key(),
            kind,
            change: None,
            live: Some(row),
        }
    }

    /// The key of the row of an op.
    fn key_of(&self, op: &Op) -> Result<AnyKey, Error> {
        let key = self.target.key_of(op.row()?);
        key.ok_or_else(|| op.wrong_type())
    }

    fn keys_of(&self, ops: &[&Op]) -> Result<Vec<AnyKey>, Error> {
        ops.iter().map(|op| self.key_of(op)).collect()
    }

    fn parsed(&self, model: &dyn AnyModel, keys: &[String]) -> Result<Vec<AnyKey>, Error> {
        let parse = |key: &String| {
            model.key(key).ok_or_else(|| Error::WrongObject {
                object: key.clone(),
                model: self.name(),
            })
        };
        keys.iter().map(parse).collect()
    }

    /// The rows of these changes as the source has them now, by their keys.
    pub(super) async fn live(
        &self,
        source: &mut dyn Session,
        changes: &[&Change],
    ) -> Result<HashMap<String, Row>, Error> {
        let keys = changes
            .iter()
            .filter_map(|change| self.source.key_of(&*change.row));
        let keys: Vec<AnyKey> = keys.collect();
        let rows = by_keys(source, self.source, &keys).await?;
        Ok(rows.into_iter().map(|row| (row.key(), row)).collect())
    }

    /// The next rows of the source, as what the target must have.
    pub(super) async fn source_page(
        &self,
        source: &mut dyn Session,
        walk: &mut Walk,
        size: u32,
    ) -> Result<Vec<Arc<Op>>, Error> {
        let rows = walk.next(source, self.source, size).await?;
        Ok(rows.into_iter().map(|row| self.op(row)).collect())
    }

    /// The keys of the next rows of the target that the source has not.
    pub(super) async fn surplus(
        &self,
        source: &mut dyn Session,
        target: &mut dyn Session,
        walk: &mut Walk,
        size: u32,
    ) -> Result<Option<Vec<Arc<Op>>>, Error> {
        let rows = walk.next(target, self.target, size).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let keys = rows.iter().filter_map(|row| self.source.key_of(&**row));
        let keys: Vec<AnyKey> = keys.collect();
        let there = by_keys(source, self.source, &keys).await?;
        let there: HashSet<String> = there.iter().map(|row| row.key()).collect();
        let gone = rows.into_iter().filter(|row| !there.contains(&row.key()));
        Ok(Some(gone.map(|row| self.delete_op(row)).collect()))
    }

    pub(super) async fn found(
        &self,
        target: &mut dyn Session,
        ops: &[&Op],
    ) -> Result<Vec<Found>, Error> {
        let subject = self.subject();
        let rows = by_keys(target, self.target, &self.keys_of(ops)?).await?;
        let rows: HashMap<String, Row> = rows.into_iter().map(|row| (row.key(), row)).collect();
        let found = |op: &&Op| {
            let Some(row) = rows.get(&op.key) else {
                return Ok(Found::Absent);
            };
            Ok(match row.values() == op.values(&subject)? {
                true => Found::Same,
                false => Found::Other(row.version()),
            })
        };
        ops.iter().map(found).collect()
    }

    pub(super) async fn insert(
        &self,
        target: &mut dyn Session,
        ops: &[&Op],
        generated: &[String],
    ) -> Result<usize, Error> {
        let kind = target.kind();
        let insert = insert(kind, &self.subject(), self.writer, ops, generated)?;
        Ok(target.execute(insert).await?)
    }

    pub(super) async fn update(
        &self,
        target: &mut dyn Session,
        op: &Op,
        generated: &[String],
    ) -> Result<usize, Error> {
        let key = self.key_of(op)?;
        match update(&self.subject(), self.writer, op, &key, generated)? {
            Some(update) => Ok(target.execute(update).await?),
            None => Ok(1),
        }
    }

    pub(super) async fn delete(
        &self,
        target: &mut dyn Session,
        ops: &[&Op],
    ) -> Result<usize, Error> {
        let subject = self.subject();
        let keys = self.keys_of(ops)?;
        let mut deleted = 0;
        for keys in keys.chunks(KEYS) {
            let delete = Sql::new("DELETE FROM ").name(subject.table);
            let delete = delete.sql(" WHERE ").append(one_of(&subject, keys));
            deleted += target.execute(delete).await?;
        }
        Ok(deleted)
    }

    /// Takes a reference out of a row that is to go; none that is part of its key.
    pub(super) async fn unlink(
        &self,
        target: &mut dyn Session,
        op: &Op,
        columns: &[(String, String)],
    ) -> Result<usize, Error> {
        let subject = self.subject();
        let mut names = columns.iter().map(|(from, _)| from.as_str());
        if names.any(|name| subject.key.contains(&name)) {
            return Ok(0);
        }
        let key = self.key_of(op)?;
        let unlink = unlinking(target.kind(), &subject, &key, columns);
        Ok(target.execute(unlink).await?)
    }

    /// Whether rows of these tables refer to the row in the target.
    pub(super) async fn is_referred_to(
        &self,
        target: &mut dyn Session,
        op: &Op,
        tables: &[&'static str],
        catalog: &mut Catalog,
    ) -> Result<bool, Error> {
        let (subject, key) = (self.subject(), self.key_of(op)?);
        for child in tables {
            for foreign in catalog.foreign_keys(target, child).await?.iter() {
                if foreign.table != subject.table {
                    continue;
                }
                let count = referring(target.kind(), &subject, &key, child, &foreign.columns);
                let (referred,): (bool,) = target.one(count).await?;
                if referred {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    pub(super) async fn source_digests(
        &self,
        source: &mut dyn Session,
        keys: &[String],
    ) -> Result<Digests, Error> {
        let keys = self.parsed(self.source, keys)?;
        Ok(digests(&by_keys(source, self.source, &keys).await?))
    }

    pub(super) async fn target_digests(
        &self,
        target: &mut dyn Session,
        keys: &[String],
    ) -> Result<Digests, Error> {
        let keys = self.parsed(self.target, keys)?;
        Ok(digests(&by_keys(target, self.target, &keys).await?))
    }

    /// The digests of the next rows of the source.
    pub(super) async fn digest_page(
        &self,
        source: &mut dyn Session,
        walk: &mut Walk,
        size: u32,
    ) -> Result<Digests, Error> {
        Ok(digests(&walk.next(source, self.source, size).await?))
    }

    pub(super) async fn target_count(&self, target: &mut dyn Session) -> Result<i64, Error> {
        count(target, self.table()).await
    }

    /// What the target must have for these keys, as the source is now.
    pub(super) async fn wanted(
        &self,
        source: &mut dyn Session,
        keys: &[String],
    ) -> Result<Vec<Arc<Op>>, Error> {
        let keys = self.parsed(self.source, keys)?;
        let rows = by_keys(source, self.source, &keys).await?;
        Ok(rows.into_iter().map(|row| self.op(row)).collect())
    }

    /// That the rows of the target with these keys must go.
    pub(super) async fn unwanted(
        &self,
        target: &mut dyn Session,
        keys: &[String],
    ) -> Result<Vec<Arc<Op>>, Error> {
        let keys = self.parsed(self.target, keys)?;
        let rows = by_keys(target, self.target, &keys).await?;
        Ok(rows.into_iter().map(|row| self.delete_op(row)).collect())
    }
}
