//! What is erased from the history leaves Redis, too.

use super::advance::write;
use super::connection::RedisConnection;
use super::entry::{self, Scores};
use super::keys::Keys;
use super::store::Redis;
use super::walk::Walk;
use crate::error::Error;
use crate::feed::{self, Diff, Feeds};
use crate::history::ObjectRef;
use crate::history::Operation;
use crate::history::change::load::load;
use crate::history::models::models;
use crate::history::previous::repeated_sql;
use crate::session::Executor;
use crate::sql::{Raw, Sql, quoted};
use crate::sync::{Change, Place};
use ::redis::{Cmd, cmd};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Writes the diffs of the objects anew of which a batch says that values were
/// erased. False if it cannot be known which ones those are, because some cannot
/// be read.
pub(super) async fn catch_up<Ms, C, R>(
    store: &Redis,
    db: &mut C,
    conn: &mut R,
    scores: Scores,
    batch: &[Change],
) -> Result<bool, Error>
where
    Ms: Feeds<C::Engine>,
    C: Executor,
    R: RedisConnection,
{
    let objects = erased::<Ms, C>(db, batch).await?;
    if objects.is_empty() {
        return Ok(true);
    }
    let mut walk = Walk::new(store.keys.all(), scores, "-inf".into(), "+inf".into());
    while let Some(found) = walk.next(conn).await? {
        let mut known: Vec<(Diff, String)> = Vec::new();
        if found.unreadable {
            return Ok(false);
        }
        for (place, member) in found.members {
            let Some(diff) = entry::diff(place, &member) else {
                return Ok(false);
            };
            if objects.contains(&diff.object) {
                known.push((diff, member));
            }
        }
        if !known.is_empty() {
            let fresh = again::<Ms, C>(db, &known).await?;
            replace(store, conn, scores, &known, &fresh).await?;
        }
    }
    Ok(true)
}

/// The objects of which values were erased. Of one that is not there any more the
/// last delete is repeated.
async fn erased<Ms, C>(db: &mut C, batch: &[Change]) -> Result<BTreeSet<ObjectRef>, Error>
where
    Ms: Feeds<C::Engine>,
    C: Executor,
{
    let of = |operation| {
        batch
            .iter()
            .filter(move |change| change.operation == operation)
    };
    let mut objects: BTreeSet<_> = of(Operation::Erase).map(Change::object).collect();
    for model in models::<Ms, C::Engine>() {
        let facts = model.facts();
        let deletes = of(Operation::Delete).filter(|change| change.model == facts.name());
        let deletes: BTreeMap<i64, &Change> = deletes.map(|change| (change.id, change)).collect();
        if deletes.is_empty() {
            continue;
        }
        let ids = Raw::numbers(deletes.keys().copied());
        let kind = db.kind();
        let sql = repeated_sql(kind, &quoted(kind, facts.records()), facts.key(), &ids);
        let again: Vec<(i64,)> = db.session().rows(Sql::once(sql)).await?;
        let again = again.iter().filter_map(|(id,)| deletes.get(id));
        objects.extend(again.map(|change| change.object()));
    }
    Ok(objects)
}

/// The same diffs as the database has them now.
async fn again<Ms, C>(db: &mut C, known: &[(Diff, String)]) -> Result<Vec<Diff>, Error>
where
    Ms: Feeds<C::Engine>,
    C: Executor,
{
    let mut changes = Vec::new();
    for model in models::<Ms, C::Engine>() {
        let name = model.facts().name();
        let its = known.iter().filter(|(diff, _)| diff.object.model == name);
        let places: Vec<Place> = its.map(|(diff, _)| diff.place()).collect();
        if !places.is_empty() {
            changes.extend(load(db, model, &places).await?);
        }
    }
    C::wait(feed::diffs_of::<Ms, C>(db, &changes)).await
}

async fn replace<R: RedisConnection>(
    store: &Redis,
    conn: &mut R,
    scores: Scores,
    known: &[(Diff, String)],
    fresh: &[Diff],
) -> Result<(), Error> {
    let keys = &store.keys;
    let by_id: HashMap<i64, &Diff> = fresh.iter().map(|diff| (diff.id, diff)).collect();
    let (mut written, mut groups) = (Vec::new(), Vec::new());
    for (old, member) in known {
        let new = by_id.get(&old.id).copied();
        if new == Some(old) {
            continue;
        }
        let address = old.address();
        let position = entry::position(old.place());
        for key in [keys.all(), keys.model(&address.model), keys.object(address)] {
            groups.push(vec![remove(&key, member)]);
        }
        let model = |diff: &Diff| diff.address().model.clone();
        if new.is_none() {
            groups.push(vec![remove(&Keys::times(&keys.all()), &position)]);
        }
        if new.map(model).as_ref() != Some(&address.model) {
            groups.push(vec![remove(
                &Keys::times(&keys.model(&address.model)),
                &position,
            )]);
        }
        written.extend(new.cloned());
    }
    // First, so that no reader misses them.
    write(conn, store, scores, &written).await?;
    conn.send(groups).await?;
    Ok(())
}

fn remove(key: &str, member: &str) -> Cmd {
    cmd("ZREM").arg(key).arg(member).to_owned()
}
