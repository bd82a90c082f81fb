//! What is done with one model.

use super::digest;
use super::erased::{self, Erased};
use super::models::{AnyMirrored, Boxed, Digests, Do, Found, Op, Row};
use super::rows::{KEYS, Walk, by_keys, count};
use super::write::{
    Insert, OneOf, Update, Values, has_values, is_partial, referring, rows_per_statement, unlinking,
};
use crate::engine::Engine;
use crate::error::Error;
use crate::key::Key;
use crate::record::query::{KeyIs, Loaded};
use crate::record::subject::Subject;
use crate::record::{Fields, Json, LiveName, Mirrored, Recall, Recorded};
use crate::schema::Catalog;
use crate::session::Session;
use crate::sql::Sql;
use crate::sync::Change;
use std::collections::{HashMap, HashSet};
use std::marker::PhantomData;
use std::sync::Arc;

/// A model by its type.
pub(super) struct Of<M, S, T> {
    /// The place in the list.
    pub(super) at: usize,
    pub(super) model: PhantomData<fn() -> M>,
    pub(super) engines: PhantomData<fn() -> (S, T)>,
}

impl<M: Recorded, S, T> Of<M, S, T> {
    fn op(&self, row: M) -> Op {
        Op {
            model: self.at,
            key: row.record_key().text(),
            kind: Do::Insert,
            change: None,
            live: Some(Arc::new(row)),
        }
    }

    fn delete(&self, row: M) -> Op {
        Op {
            kind: Do::Delete,
            ..self.op(row)
        }
    }
}

fn keys_of<M: Recorded>(ops: &[&Op]) -> Result<Vec<M::RecordKey>, Error> {
    ops.iter()
        .map(|op| Ok(op.row::<M>()?.record_key()))
        .collect()
}

fn parsed<M: Recorded>(keys: &[String]) -> Result<Vec<M::RecordKey>, Error> {
    let parse = |key: &String| {
        M::RecordKey::parse(key).ok_or_else(|| Error::WrongObject {
            object: key.clone(),
            model: M::RECORDED_NAME,
        })
    };
    keys.iter().map(parse).collect()
}

fn digests<M: Fields<Json>>(rows: &[M]) -> Digests {
    let digest = |row: &M| (row.record_key().text(), digest::of_row(&row.values()));
    rows.iter().map(digest).collect()
}

impl<M, S, T> AnyMirrored for Of<M, S, T>
where
    S: Engine,
    T: Engine,
    M: Recall<S> + Loaded<S> + Recall<T> + Loaded<T> + Fields<Json> + Mirrored<T>,
{
    fn name(&self) -> &'static str {
        M::RECORDED_NAME
    }

    fn table(&self) -> &'static str {
        M::LiveTable::SQL_NAME
    }

    fn is_complete(&self) -> bool {
        M::RECORDING.condition.is_none()
    }

    fn is_partial(&self) -> bool {
        is_partial::<M>()
    }

    fn rows_per_statement(&self) -> usize {
        rows_per_statement(M::RECORDING.columns.len())
    }

    fn live<'a>(
        &'a self,
        source: &'a mut dyn Session,
        changes: &'a [&'a Change],
    ) -> Boxed<'a, HashMap<String, Row>> {
        Box::pin(async move {
            let rows = changes.iter().filter_map(|change| change.row::<M>());
            let keys: Vec<M::RecordKey> = rows.map(M::record_key).collect();
            let rows = by_keys::<M, S>(source, &keys).await?;
            let keyed = |row: M| {
                let key = row.record_key().text();
                (key, Arc::new(row) as Row)
            };
            Ok(rows.into_iter().map(keyed).collect())
        })
    }

    fn source_page<'a>(
        &'a self,
        source: &'a mut dyn Session,
        walk: &'a mut Walk,
        size: u32,
    ) -> Boxed<'a, Vec<Arc<Op>>> {
        Box::pin(async move {
            let rows = walk.next::<M, S>(source, size).await?;
            Ok(rows.into_iter().map(|row| Arc::new(self.op(row))).collect())
        })
    }

    fn surplus<'a>(
        &'a self,
        source: &'a mut dyn Session,
        target: &'a mut dyn Session,
        walk: &'a mut Walk,
        size: u32,
    ) -> Boxed<'a, Option<Vec<Arc<Op>>>> {
        Box::pin(async move {
            let rows = walk.next::<M, T>(target, size).await?;
            if rows.is_empty() {
                return Ok(None);
            }
            let keys: Vec<M::RecordKey> = rows.iter().map(M::record_key).collect();
            let there = by_keys::<M, S>(source, &keys).await?;
            let there: Vec<String> = there.iter().map(|row| row.record_key().text()).collect();
            let there: HashSet<String> = there.into_iter().collect();
            let gone = rows
                .into_iter()
                .filter(|row| !there.contains(&row.record_key().text()));
            Ok(Some(gone.map(|row| Arc::new(self.delete(row))).collect()))
        })
    }

    fn found<'a>(
        &'a self,
        target: &'a mut dyn Session,
        ops: &'a [&'a Op],
    ) -> Boxed<'a, Vec<Found>> {
        Box::pin(async move {
            let rows = by_keys::<M, T>(target, &keys_of::<M>(ops)?).await?;
            let rows: HashMap<String, M> = rows
                .into_iter()
                .map(|row| (row.record_key().text(), row))
                .collect();
            let found = |op: &&Op| {
                let Some(row) = rows.get(&op.key) else {
                    return Ok(Found::Absent);
                };
                Ok(match row.values() == op.values::<M>()? {
                    true => Found::Same,
                    false => Found::Other(row.recorded_version()),
                })
            };
            ops.iter().map(found).collect()
        })
    }

    fn insert<'a>(
        &'a self,
        target: &'a mut dyn Session,
        ops: &'a [&'a Op],
        generated: &'a [String],
    ) -> Boxed<'a, usize> {
        Box::pin(async move {
            let row = |op: &&'a Op| -> Result<_, Error> {
                let row = op.row::<M>()?;
                Ok(Values::new(row, op.live().unwrap_or(row)))
            };
            let rows = ops.iter().map(row).collect::<Result<_, Error>>()?;
            let insert = Insert::<M, T> { rows, generated };
            Ok(target.execute(Sql::new("").part::<T>(&insert)).await?)
        })
    }

    fn update<'a>(
        &'a self,
        target: &'a mut dyn Session,
        op: &'a Op,
        generated: &'a [String],
    ) -> Boxed<'a, usize> {
        Box::pin(async move {
            let row = op.row::<M>()?;
            if !has_values::<M>(generated) {
                return Ok(1);
            }
            let key = row.record_key();
            let update = Update::<M, T> {
                row: Values::new(row, op.live().unwrap_or(row)),
                key: &KeyIs::<M, T>::new(&key),
                generated,
            };
            Ok(target.execute(Sql::new("").part::<T>(&update)).await?)
        })
    }

    fn delete<'a>(&'a self, target: &'a mut dyn Session, ops: &'a [&'a Op]) -> Boxed<'a, usize> {
        Box::pin(async move {
            let keys = keys_of::<M>(ops)?;
            let mut deleted = 0;
            for keys in keys.chunks(KEYS) {
                let keys = OneOf::<M, T>::new(keys);
                let delete = Sql::new("DELETE FROM ").name(M::LiveTable::SQL_NAME);
                let delete = delete.sql(" WHERE ").part::<T>(&keys);
                deleted += target.execute(delete).await?;
            }
            Ok(deleted)
        })
    }

    fn unlink<'a>(
        &'a self,
        target: &'a mut dyn Session,
        op: &'a Op,
        columns: &'a [(String, String)],
    ) -> Boxed<'a, usize> {
        Box::pin(async move {
            let mut names = columns.iter().map(|(from, _)| from.as_str());
            if names.any(|name| M::RECORDED_KEY.contains(&name)) {
                return Ok(0);
            }
            let key = op.row::<M>()?.record_key();
            let key = KeyIs::<M, T>::new(&key);
            Ok(target.execute(unlinking(&key, columns)).await?)
        })
    }

    fn is_referred_to<'a>(
        &'a self,
        target: &'a mut dyn Session,
        op: &'a Op,
        tables: &'a [&'static str],
        catalog: &'a mut Catalog,
    ) -> Boxed<'a, bool> {
        Box::pin(async move {
            let key = op.row::<M>()?.record_key();
            for child in tables {
                for foreign in catalog.foreign_keys(target, child).await?.iter() {
                    if foreign.table != M::LiveTable::SQL_NAME {
                        continue;
                    }
                    let key = KeyIs::<M, T>::new(&key);
                    let count = referring(&key, child, &foreign.columns);
                    let (referred,): (bool,) = target.one(count).await?;
                    if referred {
                        return Ok(true);
                    }
                }
            }
            Ok(false)
        })
    }

    fn erased<'a>(
        &'a self,
        source: &'a mut dyn Session,
        changes: &'a [&'a Change],
    ) -> Boxed<'a, Vec<Erased>> {
        Box::pin(async move { erased::of(source, &Subject::of::<M>(), changes).await })
    }

    fn erase<'a>(
        &'a self,
        target: &'a mut dyn Session,
        catalog: &'a mut Catalog,
        erased: &'a Erased,
    ) -> Boxed<'a, ()> {
        Box::pin(erased::erase::<M, T>(target, catalog, erased))
    }

    fn source_digests<'a>(
        &'a self,
        source: &'a mut dyn Session,
        keys: &'a [String],
    ) -> Boxed<'a, Digests> {
        Box::pin(async move {
            let keys = parsed::<M>(keys)?;
            Ok(digests(&by_keys::<M, S>(source, &keys).await?))
        })
    }

    fn target_digests<'a>(
        &'a self,
        target: &'a mut dyn Session,
        keys: &'a [String],
    ) -> Boxed<'a, Digests> {
        Box::pin(async move {
            let keys = parsed::<M>(keys)?;
            Ok(digests(&by_keys::<M, T>(target, &keys).await?))
        })
    }

    fn digest_page<'a>(
        &'a self,
        source: &'a mut dyn Session,
        walk: &'a mut Walk,
        size: u32,
    ) -> Boxed<'a, Digests> {
        Box::pin(async move { Ok(digests(&walk.next::<M, S>(source, size).await?)) })
    }

    fn target_count<'a>(&'a self, target: &'a mut dyn Session) -> Boxed<'a, i64> {
        Box::pin(count(target, M::LiveTable::SQL_NAME))
    }

    fn wanted<'a>(
        &'a self,
        source: &'a mut dyn Session,
        keys: &'a [String],
    ) -> Boxed<'a, Vec<Arc<Op>>> {
        Box::pin(async move {
            let rows = by_keys::<M, S>(source, &parsed::<M>(keys)?).await?;
            Ok(rows.into_iter().map(|row| Arc::new(self.op(row))).collect())
        })
    }

    fn unwanted<'a>(
        &'a self,
        target: &'a mut dyn Session,
        keys: &'a [String],
    ) -> Boxed<'a, Vec<Arc<Op>>> {
        Box::pin(async move {
            let rows = by_keys::<M, T>(target, &parsed::<M>(keys)?).await?;
            Ok(rows
                .into_iter()
                .map(|row| Arc::new(self.delete(row)))
                .collect())
        })
    }
}
