//! Pulling: a copy first, then batch after batch.

use super::apply::Applier;
use super::erased;
use super::models::{Op, op};
use super::of::One;
use super::{Pull, copy, state};
use crate::error::Error;
use crate::history::AnyModel;
use crate::history::Operation;
use crate::session::{Session, Transaction};
use crate::sync::{Ask, Batch, Cursor, batch};
use diesel::result::Error as DieselError;
use std::collections::HashMap;
use std::sync::Arc;

/// What a mirror does, without the types of its models.
pub(super) struct Plan<'a> {
    pub(super) name: &'a str,
    /// How many changes are read at a time.
    pub(super) batch: u32,
    /// How many rows.
    pub(super) page: u32,
    /// The models as changes are read of them.
    pub(super) changes: fn() -> Vec<&'static dyn AnyModel>,
    pub(super) models: Vec<One>,
}

/// Fails if not all changes of a model are known.
pub(super) fn check(models: &[One]) -> Result<(), Error> {
    match models.iter().find(|model| !model.is_complete()) {
        None => Ok(()),
        Some(model) => Err(Error::Mirror {
            what: model.name().to_owned(),
            reason: "it is recorded under a condition (`#[recorded(when = ..)]`), so not every \
                     change of its rows is known"
                .into(),
        }),
    }
}

pub(super) async fn pull(
    plan: &Plan<'_>,
    source: &mut dyn Session,
    target: &mut dyn Session,
) -> Result<Pull, Error> {
    if source.depth()? > 0 || target.depth()? > 0 {
        return Err(Error::Database(DieselError::AlreadyInTransaction));
    }
    state::prepare(target, plan.name).await?;
    let mut done = Done::default();
    let mut cursor = match state::position(target, plan.name).await? {
        Some(cursor) => cursor,
        None => copy::copy(plan, source, target, &mut done).await?,
    };
    loop {
        let batch = read(plan, source, &cursor).await?;
        if batch.changes.is_empty() && batch.cursor == cursor {
            break;
        }
        let more = batch.more;
        let mut transaction = Transaction::begin(target).await?;
        let result = one(plan, source, transaction.conn(), &cursor, batch, &mut done).await;
        let (next, went_on) = transaction.finish(result).await?;
        cursor = next;
        if !(more || went_on) {
            break;
        }
    }
    Ok(Pull {
        copied: done.copied,
        changes: done.changes,
        written: done.written,
        batches: done.batches,
        cursor,
    })
}

/// What was done so far.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) copied: Option<u64>,
    pub(super) changes: u64,
    pub(super) written: u64,
    pub(super) batches: u64,
}

/// The next changes.
pub(super) async fn read(
    plan: &Plan<'_>,
    source: &mut dyn Session,
    cursor: &Cursor,
) -> Result<Batch, Error> {
    let ask = Ask {
        operations: &[],
        limit: plan.batch,
        before: None,
        newest: false,
    };
    batch(source, Ok((plan.changes)()), cursor, ask, &|_| None).await
}

/// One batch, and more of them if its rows do not fit without; gives the new
/// position, and whether it was not what this pull thought.
async fn one(
    plan: &Plan<'_>,
    source: &mut dyn Session,
    target: &mut dyn Session,
    cursor: &Cursor,
    batch: Batch,
    done: &mut Done,
) -> Result<(Cursor, bool), Error> {
    state::lock(target, plan.name).await?;
    match state::position(target, plan.name).await? {
        Some(now) if now == *cursor => {}
        Some(now) => return Ok((now, true)),
        None => {
            return Err(Error::Mirror {
                what: format!("what `{}` copies", plan.name),
                reason: "the mirror's position was forgotten while it pulled; pull again".into(),
            });
        }
    }
    Applier::defer(target).await?;
    let mut applier = Applier::new(&plan.models);
    let cursor = follow(plan, source, target, &mut applier, batch, done, false).await?;
    state::store(target, plan.name, &cursor).await?;
    done.written += applier.written;
    done.batches += 1;
    Ok((cursor, false))
}

/// Applies a batch, and more of them: to the end, or as far as is needed.
pub(super) async fn follow(
    plan: &Plan<'_>,
    source: &mut dyn Session,
    target: &mut dyn Session,
    applier: &mut Applier<'_>,
    mut batch: Batch,
    done: &mut Done,
    to_the_end: bool,
) -> Result<Cursor, Error> {
    let mut erasures = Vec::new();
    loop {
        done.changes += batch.changes.len() as u64;
        erasures.extend(erased::find(source, applier.models(), &batch.changes).await?);
        let ops = ops(source, applier.models(), batch.changes).await?;
        applier.apply(target, &ops).await?;
        applier.retry(target).await?;
        if !(batch.more && (to_the_end || applier.is_waiting())) {
            applier.finish(target).await?;
            // After all rows, whose changes leave records.
            erased::apply(target, applier.models(), &erasures).await?;
            return Ok(batch.cursor);
        }
        batch = read(plan, source, &batch.cursor).await?;
    }
}

/// What changes mean for the target. Those whose records do not hold all of the
/// row get it from the source, as it is now.
async fn ops(
    source: &mut dyn Session,
    models: &[One],
    changes: Vec<crate::sync::Change>,
) -> Result<Vec<Arc<Op>>, Error> {
    let place =
        |change: &crate::sync::Change| models.iter().position(|model| model.name() == change.model);
    let mut live = Vec::with_capacity(models.len());
    for (at, model) in models.iter().enumerate() {
        let wanted = changes.iter().filter(|change| {
            let incomplete = model.is_partial() || change.operation == Operation::Erase;
            place(change) == Some(at) && incomplete && change.operation != Operation::Delete
        });
        let wanted: Vec<_> = wanted.collect();
        live.push(match wanted.is_empty() {
            true => HashMap::new(),
            false => model.live(source, &wanted).await?,
        });
    }
    let mut ops = Vec::with_capacity(changes.len());
    for change in changes {
        let Some(at) = place(&change) else {
            continue;
        };
        let row = live[at].get(&change.key).cloned();
        ops.extend(op(at, change, row).map(Arc::new));
    }
    Ok(ops)
}
