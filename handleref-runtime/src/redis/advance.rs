//! Writing diffs.

use super::connection::RedisConnection;
use super::entry::{self, Scores};
use super::keys::Keys;
use super::store::Redis;
use crate::error::Error;
use crate::feed::Diff;
use ::redis::{Cmd, cmd};
use std::collections::{BTreeMap, BTreeSet};

/// Members with their scores.
type Scored = Vec<(i64, String)>;

/// Writes diffs at the keys of their objects, of the models of those, and of all.
/// Those that are there already stay as they are.
pub(super) async fn write<R: RedisConnection>(
    conn: &mut R,
    store: &Redis,
    scores: Scores,
    diffs: &[Diff],
) -> Result<(), Error> {
    if diffs.is_empty() {
        return Ok(());
    }
    let keys = &store.keys;
    let mut members: BTreeMap<String, Scored> = BTreeMap::new();
    let mut times: BTreeMap<String, Scored> = BTreeMap::new();
    let mut models = BTreeSet::new();
    for diff in diffs {
        let (place, address) = (diff.place(), diff.address());
        let member = entry::member(diff)?;
        models.insert(address.model.as_str());
        for key in [keys.all(), keys.model(&address.model), keys.object(address)] {
            let scored = (scores.score(place), member.clone());
            members.entry(key).or_default().push(scored);
        }
        let micros = diff.at.timestamp_micros();
        for key in [keys.all(), keys.model(&address.model)] {
            let scored = (micros, entry::position(place));
            times.entry(Keys::times(&key)).or_default().push(scored);
        }
    }
    let expiry = store.expiry();
    let mut groups: Vec<Vec<Cmd>> = Vec::with_capacity(members.len());
    for (key, scored) in members.iter().chain(&times) {
        groups.push(vec![add(key, scored), expire(key, expiry)]);
    }
    let known = keys.models();
    let models: Vec<&str> = models.into_iter().collect();
    groups.push(vec![
        cmd("SADD").arg(&known).arg(models).to_owned(),
        expire(&known, expiry),
    ]);
    conn.send(groups).await?;
    Ok(())
}

pub(super) fn add(key: &str, scored: &[(i64, String)]) -> Cmd {
    let mut command = cmd("ZADD");
    command.arg(key);
    for (score, member) in scored {
        command.arg(*score).arg(member);
    }
    command
}

pub(super) fn expire(key: &str, milliseconds: i64) -> Cmd {
    cmd("PEXPIRE").arg(key).arg(milliseconds).to_owned()
}
