//! The first pull: a copy of everything.

use super::apply::Applier;
use super::of::One;
use super::pull::{Done, Plan, follow, read};
use super::rows::Walk;
use super::state;
use crate::error::Error;
use crate::session::{Isolation, Session, Transaction};
use crate::sync::{Cursor, now};

/// Copies all rows, and applies what changed meanwhile; all in one transaction.
///
/// Its pages could be committed one by one, but that would gain nothing, as a
/// copy that was killed starts over, and readers of the target would see half.
pub(super) async fn copy(
    plan: &Plan<'_>,
    source: &mut dyn Session,
    target: &mut dyn Session,
    done: &mut Done,
) -> Result<Cursor, Error> {
    let mut transaction = Transaction::begin(target).await?;
    let result = inside(plan, source, transaction.conn(), done).await;
    transaction.finish(result).await
}

async fn inside(
    plan: &Plan<'_>,
    source: &mut dyn Session,
    target: &mut dyn Session,
    done: &mut Done,
) -> Result<Cursor, Error> {
    state::lock(target, plan.name).await?;
    if let Some(cursor) = state::position(target, plan.name).await? {
        // Another process has copied while this one waited for its turn.
        return Ok(cursor);
    }
    Applier::defer(target).await?;
    // Before the snapshot, so that whatever that does not show comes as a
    // change. What it shows may come once more; the applier knows.
    let cursor = now(source, Ok((plan.changes)())).await?;
    let mut applier = Applier::new(&plan.models);
    Isolation::Snapshot.announce(source).await?;
    let mut snapshot = Transaction::begin(source).await?;
    let set = Isolation::Snapshot.set(snapshot.conn()).await;
    let mut result = set.map_err(Error::from);
    if result.is_ok() {
        result = rows(
            plan.page,
            snapshot.conn(),
            target,
            &plan.models,
            &mut applier,
            done,
        )
        .await;
    }
    snapshot.finish(result).await?;

    applier.is_ahead(true);
    let copied = applier.written;
    let batch = read(plan, source, &cursor).await?;
    let cursor = follow(plan, source, target, &mut applier, batch, done, true).await?;
    done.written += applier.written - copied;
    done.batches += 1;
    state::store(target, plan.name, &cursor).await?;
    Ok(cursor)
}

/// All rows, out of one snapshot.
async fn rows(
    size: u32,
    source: &mut dyn Session,
    target: &mut dyn Session,
    models: &[One],
    applier: &mut Applier<'_>,
    done: &mut Done,
) -> Result<(), Error> {
    // What a former copy left, children first.
    for model in models.iter().rev() {
        let mut walk = Walk::default();
        while let Some(gone) = model.surplus(source, target, &mut walk, size).await? {
            applier.apply(target, &gone).await?;
        }
    }
    let mut copied = 0;
    for model in models {
        let mut walk = Walk::default();
        loop {
            let page = model.source_page(source, &mut walk, size).await?;
            if page.is_empty() {
                break;
            }
            copied += page.len() as u64;
            applier.apply(target, &page).await?;
        }
    }
    done.copied = Some(copied);
    applier.retry(target).await
}
