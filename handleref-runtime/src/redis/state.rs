//! What the relay says of itself, in a hash beside the diffs.

use super::connection::{RedisConnection, one};
use super::keys::Keys;
use crate::error::Error;
use crate::sync::{Cursor, Inner};
use ::redis::{Cmd, cmd};

/// Where the relay is, and what Redis holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct State {
    /// Which time Redis was filled: it tells what is left of an earlier time.
    pub(super) fill: String,
    /// What the relay has moved.
    pub(super) cursor: Cursor,
    /// The same after the last diff that it moved. On PostgreSQL positions go on
    /// though nothing is recorded, and a reader need not have gone with them.
    pub(super) last: Cursor,
    /// Whatever is not held any more, or never was, is before this.
    pub(super) baseline: Cursor,
    /// And its score is not greater than this.
    pub(super) floor: i64,
    /// The latest time of a diff so far, in microseconds of the Unix time.
    pub(super) newest: i64,
    /// Whether a reader has found an entry that it could not read.
    pub(super) unreadable: bool,
}

const FIELDS: [&str; 6] = ["fill", "cursor", "last", "baseline", "floor", "newest"];

/// The field in which readers say what they have found.
pub(super) const UNREADABLE: &str = "unreadable";

/// Writes fields of the hash if one of them is as it is expected; after a flush it
/// is not. A script, because nothing may come between.
const GUARDED: &str = "if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end \
     for i = 4, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end \
     redis.call('PEXPIRE', KEYS[1], ARGV[3]) return 1";

impl State {
    /// What it says; nothing if no relay has filled Redis, or none was there for
    /// longer than diffs are kept.
    pub(super) async fn load<R: RedisConnection>(
        conn: &mut R,
        keys: &Keys,
    ) -> Result<Option<Self>, Error> {
        keys.check()?;
        let mut command = cmd("HMGET");
        command.arg(keys.state()).arg(&FIELDS[..]).arg(UNREADABLE);
        let mut values: Vec<Option<Vec<u8>>> = one(conn, command).await?;
        let unreadable = values.pop().flatten().is_some();
        // What cannot be read is as good as nothing: the relay fills Redis.
        let text = |value: Option<Vec<u8>>| String::from_utf8(value?).ok();
        let values: Option<Vec<String>> = values.into_iter().map(text).collect();
        let state = values.and_then(read);
        Ok(state.map(|state| Self {
            unreadable,
            ..state
        }))
    }

    /// The position of the relay, with the database and the models.
    pub(super) fn moved(&self) -> Option<&Inner> {
        self.cursor.inner()
    }

    /// Says that a fill is finished; false if another one has begun.
    pub(super) async fn save<R: RedisConnection>(
        &self,
        conn: &mut R,
        keys: &Keys,
        ttl: i64,
    ) -> Result<bool, Error> {
        let pairs = [
            ("fill", self.fill.clone()),
            ("cursor", self.cursor.to_string()),
            ("last", self.last.to_string()),
            ("baseline", self.baseline.to_string()),
            ("floor", self.floor.to_string()),
            ("newest", self.newest.to_string()),
            (FILLING, String::new()),
        ];
        guarded(conn, keys, (FILLING, &self.fill), ttl, &pairs).await
    }

    /// Moves the relay on; false if Redis was flushed, or filled anew.
    pub(super) async fn advance<R: RedisConnection>(
        &self,
        conn: &mut R,
        keys: &Keys,
        ttl: i64,
    ) -> Result<bool, Error> {
        let pairs = [
            ("cursor", self.cursor.to_string()),
            ("last", self.last.to_string()),
            ("newest", self.newest.to_string()),
        ];
        guarded(conn, keys, ("fill", &self.fill), ttl, &pairs).await
    }

    /// Says what is about to be removed; false as above.
    pub(super) async fn rise<R: RedisConnection>(
        &self,
        conn: &mut R,
        keys: &Keys,
        ttl: i64,
    ) -> Result<bool, Error> {
        let pairs = [
            ("baseline", self.baseline.to_string()),
            ("floor", self.floor.to_string()),
        ];
        guarded(conn, keys, ("fill", &self.fill), ttl, &pairs).await
    }
}

/// The field that a fill is known by until it is finished.
const FILLING: &str = "filling";

fn read(values: Vec<String>) -> Option<State> {
    let [fill, cursor, last, baseline, floor, newest] = values.try_into().ok()?;
    Some(State {
        fill,
        cursor: cursor.parse().ok()?,
        last: last.parse().ok()?,
        baseline: baseline.parse().ok()?,
        floor: floor.parse().ok()?,
        newest: newest.parse().ok()?,
        unreadable: false,
    })
}

async fn guarded<R: RedisConnection>(
    conn: &mut R,
    keys: &Keys,
    (field, expected): (&str, &str),
    ttl: i64,
    pairs: &[(&str, String)],
) -> Result<bool, Error> {
    let mut command: Cmd = cmd("EVAL");
    command.arg(GUARDED).arg(1).arg(keys.state());
    command.arg(field).arg(expected).arg(ttl);
    for (name, value) in pairs {
        command.arg(name).arg(value);
    }
    one(conn, command).await
}

/// How long no other relay fills Redis that does not hear of the one that does, in
/// milliseconds.
const LEASE: i64 = 5_000;

/// Begins to fill Redis; false if another relay does. From here on readers get
/// the error that nothing is held.
pub(super) async fn claim<R: RedisConnection>(
    conn: &mut R,
    keys: &Keys,
    fill: &str,
) -> Result<bool, Error> {
    let mut lock = cmd("SET");
    lock.arg(keys.lock())
        .arg(fill)
        .arg("NX")
        .arg("PX")
        .arg(LEASE);
    let held: Option<String> = one(conn, lock).await?;
    if held.is_none() {
        return Ok(false);
    }
    let begin = vec![
        cmd("DEL").arg(keys.state()).to_owned(),
        cmd("HSET")
            .arg(keys.state())
            .arg(FILLING)
            .arg(fill)
            .to_owned(),
    ];
    conn.send(vec![begin]).await?;
    Ok(true)
}

/// Goes on to fill; false if Redis was flushed since, or another relay fills.
pub(super) async fn renew<R: RedisConnection>(
    conn: &mut R,
    keys: &Keys,
    fill: &str,
    ttl: i64,
) -> Result<bool, Error> {
    if !guarded(conn, keys, (FILLING, fill), ttl, &[]).await? {
        return Ok(false);
    }
    let mut lock = cmd("SET");
    lock.arg(keys.lock()).arg(fill).arg("PX").arg(LEASE);
    one::<(), R>(conn, lock).await?;
    Ok(true)
}

/// No relay fills any more.
pub(super) async fn release<R: RedisConnection>(conn: &mut R, keys: &Keys) -> Result<(), Error> {
    one(conn, cmd("DEL").arg(keys.lock()).to_owned()).await
}
