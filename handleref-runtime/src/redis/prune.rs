//! Removing what is too old.

use super::connection::{RedisConnection, one};
use super::entry::{self, Scores};
use super::keys::Keys;
use super::repair;
use super::scan::Scan;
use super::state::State;
use super::store::Redis;
use super::walk::Walk;
use crate::error::Error;
use crate::sync::{Cursor, Inner, Position};
use ::redis::{Cmd, cmd};
use chrono::{DateTime, NaiveDateTime, Utc};
use std::collections::BTreeMap;
use std::fmt;

/// What [`prune_diffs`] did.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct PrunedDiffs {
    /// What is older was removed.
    pub cut: NaiveDateTime,
    /// How many diffs were removed, by their keys; those of all models are there
    /// as those of one model and those of one object.
    pub removed: BTreeMap<String, u64>,
    /// Keys under the prefix that are not ours, or not as they should be. They were
    /// left alone.
    pub skipped: Vec<Skipped>,
}

/// A key that [`prune_diffs`] left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// The key.
    pub key: String,
    /// Why.
    pub reason: String,
}

/// `older than 2020-01-01 00:00:00: 2 removed from shop:{Article:7}`, a line for each key.
impl fmt::Display for PrunedDiffs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "older than {}", self.cut)?;
        for (key, count) in &self.removed {
            write!(f, "\n{count} removed from {key}")?;
        }
        for Skipped { key, reason } in &self.skipped {
            write!(f, "\n{key} skipped: {reason}")?;
        }
        Ok(())
    }
}

/// Removes what is older than the store's [`max_age`](Redis::max_age). A relay does
/// so by itself; this is for when none runs all the time, and looks at all keys
/// under the prefix (not through [`Plain`](super::Plain) or
/// [`Nonblocking`](super::Nonblocking), which may be a cluster). No other key is touched.
///
/// ```text
/// println!("{}", redis::prune_diffs(&store, &mut connection)?);
/// ```
///
/// # Errors
/// [`Error::Redis`].
pub fn prune_diffs<'a, R>(
    store: &'a Redis,
    conn: &'a mut R,
) -> R::Output<'a, Result<PrunedDiffs, Error>>
where
    R: RedisConnection,
{
    R::run(async move {
        let (mut pruned, mark) = prune(store, conn).await?;
        if R::SCANS {
            strays(store, conn, mark.as_ref(), &mut pruned).await?;
        }
        Ok(pruned)
    })
}

/// Removes what is too old from the keys of which the one of all diffs tells; gives
/// the position before which it was.
pub(super) async fn prune<R: RedisConnection>(
    store: &Redis,
    conn: &mut R,
) -> Result<(PrunedDiffs, Option<Position>), Error> {
    let keys = &store.keys;
    let cut = store.oldest();
    let mut pruned = PrunedDiffs {
        cut,
        ..PrunedDiffs::default()
    };
    let Some(mut state) = State::load(conn, keys).await? else {
        return Ok((pruned, None));
    };
    let Some((time, mark)) = mark(conn, keys, &state, cut.and_utc()).await? else {
        return Ok((pruned, None));
    };
    let scores = Scores::of(&mark.position);
    let covered = state
        .baseline
        .inner()
        .is_some_and(|it| it.position.covers(&mark.position));
    let mut walk = Walk::new(keys.all(), scores, "-inf".into(), "+inf".into());
    let mut unreadable = false;
    while let Some(found) = walk.next(conn).await? {
        unreadable |= found.unreadable;
        let mut old = found.members;
        old.retain(|(place, _)| mark.position.reached(*place));
        let Some(floor) = old.iter().map(|(place, _)| scores.score(*place)).max() else {
            break;
        };
        // Readers look at this last.
        state.floor = state.floor.max(floor);
        if !covered {
            state.baseline = Cursor::new(mark.clone());
        }
        if !state.rise(conn, keys, store.lease()).await? {
            return Ok((pruned, None));
        }
        // The key of all comes last: it knows the others.
        let (mut objects, mut models, mut times) = (Old::new(), Old::new(), Old::new());
        for (place, member) in &old {
            // Of one that cannot be read nothing tells where else it is.
            let Some(diff) = entry::diff(*place, member) else {
                unreadable = true;
                continue;
            };
            let model = keys.model(&diff.address().model);
            let position = entry::position(*place);
            times
                .entry(Keys::times(&model))
                .or_default()
                .push(position.clone());
            times
                .entry(Keys::times(&keys.all()))
                .or_default()
                .push(position);
            objects
                .entry(keys.object(diff.address()))
                .or_default()
                .push(member.clone());
            models.entry(model).or_default().push(member.clone());
        }
        let all = old.into_iter().map(|(_, member)| member).collect();
        remove(conn, objects, &mut pruned).await?;
        remove(conn, models, &mut pruned).await?;
        let entries = times.iter().map(|(key, members)| vec![rem(key, members)]);
        conn.send(entries.collect()).await?;
        remove(conn, Old::from([(keys.all(), all)]), &mut pruned).await?;
    }
    if unreadable {
        repair::report(conn, keys).await;
    }
    let mut marks = cmd("ZREMRANGEBYSCORE");
    marks.arg(keys.marks()).arg("-inf").arg(format!("({time}"));
    conn.send(vec![vec![marks]]).await?;
    Ok((pruned, Some(mark.position)))
}

/// Members, by their keys.
type Old = BTreeMap<String, Vec<String>>;

fn rem(key: &str, members: &[String]) -> Cmd {
    cmd("ZREM").arg(key).arg(members).to_owned()
}

/// The last position up to which everything is older than `cut`, and the time of
/// the newest diff of that.
async fn mark<R: RedisConnection>(
    conn: &mut R,
    keys: &Keys,
    state: &State,
    cut: DateTime<Utc>,
) -> Result<Option<(i64, Inner)>, Error> {
    let cut = cut.timestamp_micros();
    let settled = |cursor: &Cursor| {
        let inner = cursor.inner()?;
        Some(Inner {
            position: inner.position.settled(),
            ..inner.clone()
        })
    };
    if state.newest < cut {
        return Ok(settled(&state.last).map(|inner| (state.newest, inner)));
    }
    let mut command = cmd("ZREVRANGEBYSCORE");
    command.arg(keys.marks()).arg(format!("({cut}")).arg("-inf");
    command.arg("WITHSCORES").arg("LIMIT").arg(0).arg(1);
    let found: Vec<(Vec<u8>, f64)> = one(conn, command).await?;
    let [(cursor, time)] = &found[..] else {
        return Ok(None);
    };
    let cursor = std::str::from_utf8(cursor).ok();
    let cursor = cursor.and_then(|text| text.parse::<Cursor>().ok());
    Ok(cursor.and_then(|cursor| Some((*time as i64, settled(&cursor)?))))
}

async fn remove<R: RedisConnection>(
    conn: &mut R,
    old: Old,
    pruned: &mut PrunedDiffs,
) -> Result<(), Error> {
    for (key, members) in old {
        match one::<u64, R>(conn, rem(&key, &members)).await {
            Ok(0) => {}
            Ok(count) => *pruned.removed.entry(key).or_default() += count,
            Err(error) => pruned.skip(key, error)?,
        }
    }
    Ok(())
}

impl PrunedDiffs {
    /// The server says what is wrong with a key; anything else is an error.
    fn skip(&mut self, key: String, error: Error) -> Result<(), Error> {
        match error {
            Error::Redis(error) if error.code() == Some("WRONGTYPE") => {
                let reason = error.to_string();
                self.skipped.push(Skipped { key, reason });
                Ok(())
            }
            other => Err(other),
        }
    }
}

/// Looks at every key under the prefix.
async fn strays<R: RedisConnection>(
    store: &Redis,
    conn: &mut R,
    mark: Option<&Position>,
    pruned: &mut PrunedDiffs,
) -> Result<(), Error> {
    let keys = &store.keys;
    let own = [keys.state(), keys.marks(), keys.models(), keys.lock()];
    let mut scan = Scan::new();
    while let Some(found) = scan.next(conn, keys).await? {
        for key in found {
            let known = pruned.skipped.iter().any(|one| one.key == key);
            if known || own.contains(&key) || key.ends_with("}:times") {
                continue;
            }
            if !keys.is_ours(&key) {
                let reason = "it is no key of the feed".to_owned();
                pruned.skipped.push(Skipped { key, reason });
                continue;
            }
            if let Err(error) = left(conn, &key, mark, pruned).await {
                pruned.skip(key, error)?;
            }
        }
    }
    Ok(())
}

/// Removes what is left at a key of which no other one tells.
async fn left<R: RedisConnection>(
    conn: &mut R,
    key: &str,
    mark: Option<&Position>,
    pruned: &mut PrunedDiffs,
) -> Result<(), Error> {
    let scores = mark.map_or(Scores::Numbers, Scores::of);
    let mut walk = Walk::new(key.to_owned(), scores, "-inf".into(), "+inf".into());
    while let Some(found) = walk.next(conn).await? {
        let old = found.members.into_iter();
        let old = old.filter(|(place, _)| mark.is_some_and(|mark| mark.reached(*place)));
        let old: Vec<String> = old.map(|(_, member)| member).collect();
        if old.is_empty() {
            break;
        }
        remove(conn, Old::from([(key.to_owned(), old)]), pruned).await?;
    }
    Ok(())
}
