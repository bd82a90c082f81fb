//! Entries that cannot be read: something was written over them, or next to them.
//!
//! A reader cannot know what one of them was, so it must not pass over it: it gets
//! the error that the page is not held, and notes that for the relay. The relay looks with
//! its own eyes, since an older program may not read what a newer one has
//! written; and if it finds one too, fills Redis anew.

use super::connection::{RedisConnection, one};
use super::entry::{self, Scores};
use super::keys::Keys;
use super::scan::Scan;
use super::state::UNREADABLE;
use super::walk::Walk;
use crate::error::Error;
use ::redis::cmd;

/// Notes it for the relay. A reader that may not write does not; then such an entry goes
/// when it is too old.
pub(super) async fn report<R: RedisConnection>(conn: &mut R, keys: &Keys) {
    let command = cmd("HSET")
        .arg(keys.state())
        .arg(UNREADABLE)
        .arg(1)
        .to_owned();
    let _ = conn.send(vec![vec![command]]).await;
}

/// There is nothing to repair.
pub(super) async fn settle<R: RedisConnection>(conn: &mut R, keys: &Keys) -> Result<(), Error> {
    one(
        conn,
        cmd("HDEL").arg(keys.state()).arg(UNREADABLE).to_owned(),
    )
    .await
}

/// Whether there is an entry that cannot be read.
pub(super) async fn is_needed<R: RedisConnection>(
    conn: &mut R,
    keys: &Keys,
    scores: Scores,
) -> Result<bool, Error> {
    let mut scan = Scan::new();
    let mut listed = known(conn, keys).await?;
    loop {
        for key in listed {
            match is_whole(conn, &key, scores).await {
                Ok(true) => {}
                Ok(false) => return Ok(true),
                // A key of another program, which is left alone.
                Err(error) if is_wrong_type(&error) => {}
                Err(error) => return Err(error),
            }
        }
        let Some(found) = scan.next(conn, keys).await? else {
            return Ok(false);
        };
        listed = found;
        listed.retain(|key| keys.is_ours(key) || key.ends_with(TIMES));
    }
}

/// Removes every key with diffs, also those of which no readable entry tells.
pub(super) async fn sweep<R: RedisConnection>(conn: &mut R, keys: &Keys) -> Result<(), Error> {
    let mut scan = Scan::new();
    while let Some(found) = scan.next(conn, keys).await? {
        for key in found {
            if !keys.is_ours(&key) && !key.ends_with(TIMES) {
                continue;
            }
            match one::<u64, R>(conn, cmd("ZCARD").arg(&key).to_owned()).await {
                Ok(_) => one::<(), R>(conn, cmd("DEL").arg(&key).to_owned()).await?,
                Err(error) if is_wrong_type(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

const TIMES: &str = "}:times";

/// The keys of which the feed knows without a scan.
async fn known<R: RedisConnection>(conn: &mut R, keys: &Keys) -> Result<Vec<String>, Error> {
    let models = keys.models_there(conn).await?;
    let mut known: Vec<String> = models.iter().map(|name| keys.model(name)).collect();
    known.push(keys.all());
    let times: Vec<String> = known.iter().map(|key| Keys::times(key)).collect();
    known.extend(times);
    Ok(known)
}

async fn is_whole<R: RedisConnection>(
    conn: &mut R,
    key: &str,
    scores: Scores,
) -> Result<bool, Error> {
    if key.ends_with(TIMES) {
        let all = cmd("ZRANGE").arg(key).arg(0).arg(-1).to_owned();
        let all: Vec<Vec<u8>> = one(conn, all).await?;
        return Ok(all.iter().all(|member| entry::place(member).is_some()));
    }
    let mut walk = Walk::new(key.to_owned(), scores, "-inf".into(), "+inf".into());
    while let Some(found) = walk.next(conn).await? {
        let read = |(place, member): &(_, String)| entry::diff(*place, member).is_some();
        if found.unreadable || !found.members.iter().all(read) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_wrong_type(error: &Error) -> bool {
    matches!(error, Error::Redis(error) if error.code() == Some("WRONGTYPE"))
}
