//! Filling an empty Redis, or one that is of another database.

use super::advance::write;
use super::connection::RedisConnection;
use super::entry::{self, Scores};
use super::keys::Keys;
use super::relay::Relay;
use super::repair;
use super::state::{State, claim, release, renew};
use super::walk::Walk;
use crate::error::Error;
use crate::feed::{self, Feeds};
use crate::session::Executor;
use crate::sync::changes;
use ::redis::cmd;
use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher, RandomState};

/// What came of it.
pub(super) enum Filled {
    /// So many diffs were written.
    Yes(usize),
    /// Another relay is at it, or came in between, or Redis was flushed.
    No,
}

/// Writes what the database has that is not too old. The position is taken first:
/// what comes meanwhile is written twice, which is once. Before that what is there
/// is removed: `everything`, also what only a scan of all keys finds.
pub(super) async fn fill<Ms, C, R>(
    relay: &Relay<Ms>,
    db: &mut C,
    conn: &mut R,
    everything: bool,
) -> Result<Filled, Error>
where
    Ms: Feeds<C::Engine>,
    C: Executor,
    R: RedisConnection,
{
    let (store, database) = (&relay.redis, feed::Database::<Ms>::new());
    let keys = &store.keys;
    let fill = format!("{:016x}", RandomState::new().build_hasher().finish());
    if !claim(conn, keys, &fill).await? {
        return Ok(Filled::No);
    }
    let cursor = C::wait(changes::<Ms>().now(db)).await?;
    let scores = cursor.inner().map(|inner| Scores::of(&inner.position));
    let scores = scores.unwrap_or(Scores::Numbers);
    if !wipe(conn, keys, &fill, (scores, store.expiry()), everything).await? {
        return Ok(Filled::No);
    }
    let oldest = store.oldest().and_utc();
    // Those that are left out have no greater score than the last of them.
    let last = C::wait(feed::diffs(&database).before(oldest).last(db)).await?;
    let mut state = State {
        fill,
        baseline: cursor.clone(),
        last: cursor.clone(),
        cursor,
        floor: last.map_or(0, |diff| scores.score(diff.place())),
        newest: 0,
        unreadable: false,
    };
    let all = feed::diffs(&database).from(oldest).limit(relay.batch);
    let (mut written, mut next) = (0, all.clone());
    loop {
        let page = C::wait(next.load(db)).await?;
        write(conn, store, scores, &page.diffs).await?;
        written += page.diffs.len();
        let times = page.diffs.iter().map(|diff| diff.at.timestamp_micros());
        state.newest = times.fold(state.newest, i64::max);
        if !renew(conn, keys, &state.fill, store.expiry()).await? {
            return Ok(Filled::No);
        }
        if !page.more {
            break;
        }
        next = all.clone().since(&page.cursor);
    }
    if !state.save(conn, keys, store.lease()).await? {
        return Ok(Filled::No);
    }
    release(conn, keys).await?;
    Ok(Filled::Yes(written))
}

/// Removes what is left of an earlier time: it may be of another database, or have
/// values that were erased since. False if another relay came in between.
async fn wipe<R: RedisConnection>(
    conn: &mut R,
    keys: &Keys,
    fill: &str,
    (scores, ttl): (Scores, i64),
    mut everything: bool,
) -> Result<bool, Error> {
    let mut walk = Walk::new(keys.all(), scores, "-inf".into(), "+inf".into());
    while let Some(found) = walk.next(conn).await? {
        let mut objects = BTreeSet::new();
        everything |= found.unreadable;
        for (place, member) in found.members {
            match entry::diff(place, &member) {
                Some(diff) => drop(objects.insert(keys.object(diff.address()))),
                None => everything = true,
            }
        }
        if !renew(conn, keys, fill, ttl).await? {
            return Ok(false);
        }
        let delete = |key: String| vec![cmd("DEL").arg(key).to_owned()];
        conn.send(objects.into_iter().map(delete).collect()).await?;
    }
    if everything {
        repair::sweep(conn, keys).await?;
    }
    let models = keys.models_there(conn).await?;
    if !renew(conn, keys, fill, ttl).await? {
        return Ok(false);
    }
    let models = models.iter().map(|name| keys.model(name));
    let both = |key: String| vec![Keys::times(&key), key];
    let groups = models
        .map(both)
        .chain([both(keys.all()), vec![keys.marks(), keys.models()]]);
    let delete = |keys: Vec<String>| {
        let one = |key: String| cmd("DEL").arg(key).to_owned();
        keys.into_iter().map(one).collect()
    };
    conn.send(groups.map(delete).collect()).await?;
    Ok(true)
}
