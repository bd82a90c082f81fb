//! Pulling: a copy first, then batch after batch.

use super::apply::Applier;
use super::erased;
use super::models::{AnyMirrored, Op, op};
use super::{Batch, Cursor, Mirror, MirrorModels, Pull, changes, copy, state};
use crate::changeset::Models;
use crate::error::Error;
use crate::executor::{Executor, Transaction};
use crate::record::Operation;
use diesel::result::Error as DieselError;
use std::collections::HashMap;
use std::sync::Arc;

/// The models of a mirror.
pub(super) fn list<Ms, S, T>() -> Result<Vec<Box<dyn AnyMirrored<S, T>>>, Error>
where
    S: Executor,
    T: Executor,
    Ms: MirrorModels<S, T>,
{
    let mut models = Vec::new();
    Ms::list(&mut models);
    for model in &models {
        if !model.is_complete() {
            return Err(Error::Mirror {
                what: model.name().to_owned(),
                reason:
                    "it is recorded under a condition (`#[recorded(when = ..)]`), so not every \
                         change of its rows is known"
                        .into(),
            });
        }
    }
    Ok(models)
}

pub(super) async fn pull<Ms, S, T>(
    mirror: &Mirror<Ms>,
    source: &mut S,
    target: &mut T,
) -> Result<Pull, Error>
where
    S: Executor,
    T: Executor,
    Ms: Models<S> + MirrorModels<S, T>,
{
    let models = list::<Ms, S, T>()?;
    if source.depth()? > 0 || target.depth()? > 0 {
        return Err(Error::Database(DieselError::AlreadyInTransaction));
    }
    state::prepare(target, &mirror.name).await?;
    let mut done = Done::default();
    let mut cursor = match state::position(target, &mirror.name).await? {
        Some(cursor) => cursor,
        None => copy::copy(mirror, source, target, &models, &mut done).await?,
    };
    loop {
        let batch = read::<Ms, S>(mirror, source, &cursor).await?;
        if batch.changes.is_empty() && batch.cursor == cursor {
            break;
        }
        let more = batch.more;
        let mut transaction = Transaction::begin(target).await?;
        let result = one(
            mirror,
            source,
            transaction.conn(),
            &models,
            &cursor,
            batch,
            &mut done,
        )
        .await;
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
pub(super) async fn read<Ms, S>(
    mirror: &Mirror<Ms>,
    source: &mut S,
    cursor: &Cursor,
) -> Result<Batch, Error>
where
    S: Executor,
    Ms: Models<S>,
{
    let query = changes::<Ms>().since(cursor).limit(mirror.batch);
    S::wait(query.load(source)).await
}

/// One batch, and more of them if its rows do not fit without; gives the new
/// position, and whether it was not what this pull thought.
async fn one<Ms, S, T>(
    mirror: &Mirror<Ms>,
    source: &mut S,
    target: &mut T,
    models: &[Box<dyn AnyMirrored<S, T>>],
    cursor: &Cursor,
    batch: Batch,
    done: &mut Done,
) -> Result<(Cursor, bool), Error>
where
    S: Executor,
    T: Executor,
    Ms: Models<S> + MirrorModels<S, T>,
{
    state::lock(target, &mirror.name).await?;
    match state::position(target, &mirror.name).await? {
        Some(now) if now == *cursor => {}
        Some(now) => return Ok((now, true)),
        None => {
            return Err(Error::Mirror {
                what: format!("what `{}` copies", mirror.name),
                reason: "the mirror was told to forget its position while it pulled; pull again"
                    .into(),
            });
        }
    }
    Applier::<S, T>::defer(target).await?;
    let mut applier = Applier::new(models);
    let cursor = follow(mirror, source, target, &mut applier, batch, done, false).await?;
    state::store(target, &mirror.name, &cursor).await?;
    done.written += applier.written;
    done.batches += 1;
    Ok((cursor, false))
}

/// Applies a batch, and more of them: to the end, or as far as is needed.
pub(super) async fn follow<Ms, S, T>(
    mirror: &Mirror<Ms>,
    source: &mut S,
    target: &mut T,
    applier: &mut Applier<'_, S, T>,
    mut batch: Batch,
    done: &mut Done,
    to_the_end: bool,
) -> Result<Cursor, Error>
where
    S: Executor,
    T: Executor,
    Ms: Models<S> + MirrorModels<S, T>,
{
    let mut erasures = Vec::new();
    loop {
        done.changes += batch.changes.len() as u64;
        erasures.extend(erased::find(source, applier.models(), &batch.changes).await?);
        let ops = ops::<S, T>(source, applier.models(), batch.changes).await?;
        applier.apply(target, &ops).await?;
        applier.retry(target).await?;
        if !(batch.more && (to_the_end || applier.is_waiting())) {
            applier.finish(target).await?;
            // After all rows, whose changes leave records.
            erased::apply(target, applier.models(), &erasures).await?;
            return Ok(batch.cursor);
        }
        batch = read::<Ms, S>(mirror, source, &batch.cursor).await?;
    }
}

/// What changes mean for the target. Those whose records do not hold all of the
/// row get it from the source, as it is now.
async fn ops<S, T>(
    source: &mut S,
    models: &[Box<dyn AnyMirrored<S, T>>],
    changes: Vec<super::super::Change>,
) -> Result<Vec<Arc<Op>>, Error>
where
    S: Executor,
    T: Executor,
{
    let place = |change: &super::super::Change| {
        models.iter().position(|model| model.name() == change.model)
    };
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
