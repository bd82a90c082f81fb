//! Bringing rows of the target into the state that they must have, in the
//! order in which the source went through it.

use super::models::{Do, Found, Op};
use super::of::One;
use crate::engine::Kind;
use crate::error::Error;
use crate::schema::Catalog;
use crate::session::Session;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use std::sync::Arc;

/// What is written in one transaction.
///
/// Changes are applied in their order; neighbours of one kind go into one
/// statement. What a constraint refuses has to wait: a batch may end in the
/// middle of a transaction of the source, and a copy goes by keys, where a
/// child may come before its parent. It is tried again after the rest.
pub(super) struct Applier<'a> {
    models: &'a [One],
    /// What was refused, and why.
    waiting: Vec<(Arc<Op>, String)>,
    /// Whether the target may be ahead of the changes, because its copy is of
    /// a later moment.
    is_ahead: bool,
    catalog: Catalog,
    /// How many rows were written or deleted.
    pub(super) written: u64,
}

/// Whether the constraints of the target are to be waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusals {
    /// One ends everything.
    Fatal,
    /// What was refused waits.
    Wait,
}

impl<'a> Applier<'a> {
    pub(super) fn new(models: &'a [One]) -> Self {
        Self {
            models,
            waiting: Vec::new(),
            is_ahead: false,
            catalog: Catalog::default(),
            written: 0,
        }
    }

    /// From now on changes may be older than the rows that they are about.
    pub(super) fn is_ahead(&mut self, is_ahead: bool) {
        self.is_ahead = is_ahead;
    }

    pub(super) fn models(&self) -> &'a [One] {
        self.models
    }

    /// Whether this has to wait.
    pub(super) fn waits_for(&self, op: &Op) -> bool {
        self.waiting.iter().any(|(it, _)| it.is_same_row(op))
    }

    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Lets constraints wait for the end of the transaction that can.
    pub(super) async fn defer(target: &mut dyn Session) -> Result<(), Error> {
        let sql = match target.kind() {
            Kind::Sqlite => "PRAGMA defer_foreign_keys = ON",
            Kind::Postgres => "SET CONSTRAINTS ALL DEFERRED",
            Kind::Mysql => return Ok(()),
        };
        Ok(target.batch(&sql.into()).await?)
    }

    /// Does these things, or notes that they have to wait.
    pub(super) async fn apply(
        &mut self,
        target: &mut dyn Session,
        ops: &[Arc<Op>],
    ) -> Result<(), Error> {
        if target.kind() != Kind::Postgres {
            return self.all(target, ops, Refusals::Wait).await;
        }
        // There an error ends the transaction, up to the last savepoint. One for
        // each statement is for the rare case that they are needed.
        let (waiting, written) = (self.waiting.clone(), self.written);
        target.begin().await?;
        match self.all(target, ops, Refusals::Fatal).await {
            Ok(()) => Ok(target.commit().await?),
            Err(error) => {
                target.rollback().await?;
                if refusal(&error).is_none() {
                    return Err(error);
                }
                (self.waiting, self.written) = (waiting, written);
                self.all(target, ops, Refusals::Wait).await
            }
        }
    }

    async fn all(
        &mut self,
        target: &mut dyn Session,
        ops: &[Arc<Op>],
        refusals: Refusals,
    ) -> Result<(), Error> {
        let mut rest = ops;
        while let Some(first) = rest.first() {
            let alike = |op: &&Arc<Op>| op.model == first.model && op.kind == first.kind;
            let mut run: Vec<Arc<Op>> = Vec::new();
            let mut keys = std::collections::HashSet::new();
            for op in rest.iter().take_while(alike) {
                if !keys.insert(op.key.as_str()) {
                    break;
                }
                run.push(op.clone());
            }
            rest = &rest[run.len()..];
            // A later state of a row takes the place of one that waits.
            self.waiting
                .retain(|(op, _)| op.model != first.model || !keys.contains(op.key.as_str()));
            self.run(target, &run, refusals).await?;
        }
        Ok(())
    }

    /// Things of one kind, to different rows of one model.
    async fn run(
        &mut self,
        target: &mut dyn Session,
        ops: &[Arc<Op>],
        refusals: Refusals,
    ) -> Result<(), Error> {
        let Some(first) = ops.first() else {
            return Ok(());
        };
        let model = &self.models[first.model];
        let size = model.rows_per_statement();
        for ops in ops.chunks(size) {
            let borrowed: Vec<&Op> = ops.iter().map(|op| &**op).collect();
            let delete = first.kind == Do::Delete;
            let found = match delete && !self.is_ahead {
                true => Vec::new(),
                false => model.found(target, &borrowed).await?,
            };
            if delete {
                let mut deleted = ops.to_vec();
                let mut found = found.into_iter();
                deleted.retain(|op| !found.next().is_some_and(|found| self.is_past(op, found)));
                self.attempt(target, What::Delete, deleted, refusals)
                    .await?;
                continue;
            }
            let (mut inserted, mut updated) = (Vec::new(), Vec::new());
            for (op, found) in ops.iter().zip(found) {
                match found {
                    Found::Absent => inserted.push(op.clone()),
                    Found::Other(_) if !self.is_past(op, found) => updated.push(op.clone()),
                    Found::Same | Found::Other(_) => {}
                }
            }
            for op in updated {
                self.attempt(target, What::Update, vec![op], refusals)
                    .await?;
            }
            self.attempt(target, What::Insert, inserted, refusals)
                .await?;
        }
        Ok(())
    }

    /// Whether the target has seen more than this.
    fn is_past(&self, op: &Op, found: Found) -> bool {
        match (found, &op.change) {
            (Found::Other(Some(version)), Some(change)) if self.is_ahead => {
                version > change.version
            }
            _ => false,
        }
    }

    /// One statement; if it is refused, one for each half, down to the rows for
    /// whose sake it is.
    async fn attempt(
        &mut self,
        target: &mut dyn Session,
        what: What,
        ops: Vec<Arc<Op>>,
        refusals: Refusals,
    ) -> Result<(), Error> {
        let mut parts = vec![ops];
        while let Some(part) = parts.pop() {
            if part.is_empty() {
                continue;
            }
            let saved = refusals == Refusals::Wait && target.kind() == Kind::Postgres;
            if saved {
                target.begin().await?;
            }
            let result = self.execute(target, what, &part).await;
            if saved {
                match &result {
                    Ok(_) => target.commit().await?,
                    Err(_) => target.rollback().await?,
                }
            }
            match result {
                Ok(rows) => self.written += rows,
                Err(error) => match (refusal(&error), part.as_slice(), refusals) {
                    (None, _, _) | (_, _, Refusals::Fatal) => return Err(error),
                    (Some(reason), [op], _) => self.waiting.push((op.clone(), reason)),
                    (Some(_), many, _) => {
                        let (first, second) = many.split_at(many.len() / 2);
                        parts.push(second.to_vec());
                        parts.push(first.to_vec());
                    }
                },
            }
        }
        Ok(())
    }

    async fn execute(
        &mut self,
        target: &mut dyn Session,
        what: What,
        ops: &[Arc<Op>],
    ) -> Result<u64, Error> {
        let ops: Vec<&Op> = ops.iter().map(|op| &**op).collect();
        let Some(first) = ops.first() else {
            return Ok(0);
        };
        let model = &self.models[first.model];
        let table = self.catalog.table(target, model.table()).await?;
        let rows = match what {
            What::Insert => model.insert(target, &ops, &table.generated).await?,
            What::Update => model.update(target, first, &table.computed).await?,
            What::Delete => model.delete(target, &ops).await?,
        };
        Ok(rows as u64)
    }

    /// Tries again what waits, as long as that helps.
    pub(super) async fn retry(&mut self, target: &mut dyn Session) -> Result<(), Error> {
        loop {
            let waiting = std::mem::take(&mut self.waiting);
            let before = waiting.len();
            for (op, _) in waiting {
                self.run(target, &[op], Refusals::Wait).await?;
            }
            if self.waiting.is_empty() || self.waiting.len() >= before {
                return Ok(());
            }
        }
    }

    /// Rows that have to go and refer to each other, or to themselves, which keeps
    /// a row on MySQL: they lose their references first. They go in this
    /// transaction, or nothing of it stays.
    async fn untie(&mut self, target: &mut dyn Session) -> Result<(), Error> {
        let waiting = self.waiting.iter().map(|(op, _)| op);
        let leaving: Vec<Arc<Op>> = waiting
            .filter(|op| op.kind == Do::Delete)
            .cloned()
            .collect();
        for op in &leaving {
            let model = &self.models[op.model];
            let foreign = self.catalog.foreign_keys(target, model.table()).await?;
            for foreign in foreign.iter() {
                // After an error PostgreSQL goes on only at a savepoint.
                target.begin().await?;
                match model.unlink(target, op, &foreign.columns).await {
                    Ok(_) => target.commit().await?,
                    // A reference that must not be null stays.
                    Err(Error::Database(DieselError::DatabaseError(
                        DatabaseErrorKind::NotNullViolation,
                        _,
                    ))) => target.rollback().await?,
                    Err(error) => return Err(error),
                }
            }
        }
        match leaving.is_empty() {
            true => Ok(()),
            false => self.retry(target).await,
        }
    }

    /// What still waits cannot be waited for any longer.
    ///
    /// Two rows may have swapped a unique value in one statement, which the
    /// source allows and the target does not. Then one of them is taken out and
    /// put back; only a row that no other refers to, as it might take those along.
    pub(super) async fn finish(&mut self, target: &mut dyn Session) -> Result<(), Error> {
        self.retry(target).await?;
        self.untie(target).await?;
        let tables: Vec<&'static str> = self.models.iter().map(|model| model.table()).collect();
        let mut stuck: Vec<Arc<Op>> = self.waiting.iter().map(|(op, _)| op.clone()).collect();
        stuck.retain(|op| op.kind != Do::Delete);
        for op in stuck {
            if !self.waits_for(&op) {
                continue;
            }
            let model = &self.models[op.model];
            let there = model.found(target, &[&op]).await? != [Found::Absent];
            if !there
                || model
                    .is_referred_to(target, &op, &tables, &mut self.catalog)
                    .await?
            {
                continue;
            }
            model.delete(target, &[&op]).await?;
            self.retry(target).await?;
        }
        match self.waiting.first() {
            None => Ok(()),
            Some((op, reason)) => Err(Error::Mirror {
                what: format!("{} {}", self.models[op.model].name(), op.key),
                reason: format!("the target refuses it: {reason}"),
            }),
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum What {
    Insert,
    Update,
    Delete,
}

/// What a constraint says that may be content later.
fn refusal(error: &Error) -> Option<String> {
    match error {
        Error::Database(DieselError::DatabaseError(
            DatabaseErrorKind::UniqueViolation | DatabaseErrorKind::ForeignKeyViolation,
            info,
        )) => Some(info.message().to_owned()),
        _ => None,
    }
}
