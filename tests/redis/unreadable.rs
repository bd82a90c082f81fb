//! Entries in Redis that cannot be read, because somebody has written there.

use crate::beside::{Beside, assert_same, blocking, catch_up, prefix, url};
use crate::models::recorded as tables;
use crate::models::{All, Note, notes};
use crate::support::{Done, each_engine};
use diesel::QueryDsl;
use diesel::prelude::ExpressionMethods;
use handleref::feed::{self, Database, Feed};
use handleref::redis::{Redis, Relay};
use handleref::{Cursor, Error};
use redis::{Commands, Connection};

macro_rules! note {
    ($conn:expr, $id:expr) => {
        go!(diesel::insert_into(notes::table)
            .values(&Note {
                id: $id,
                text: "n".into()
            })
            .execute($conn))?
    };
}

type Damage = (&'static str, fn(&mut Connection, &str) -> Done);

/// What somebody does to a sorted set with at least three diffs.
const DAMAGES: [Damage; 8] = [
    ("half of a diff", |raw, key| {
        let (member, score) = second(raw, key)?;
        let half = &member[..member.len() / 2];
        let _: () = raw.zrem(key, &member)?;
        Ok(raw.zadd(key, half, score)?)
    }),
    ("a diff of another version of the program", |raw, key| {
        let (member, score) = second(raw, key)?;
        let _: () = raw.zrem(key, &member)?;
        Ok(raw.zadd(key, member.replace("\"operation\"", "\"op\""), score)?)
    }),
    ("the diff of another place", |raw, key| {
        let (member, score) = second(raw, key)?;
        let (other, _) = member.split_once('|').unwrap();
        let (last, _): (String, f64) = raw.zrange_withscores::<_, Vec<_>>(key, -1, -1)?.remove(0);
        let (_, json) = last.split_once('|').unwrap();
        let _: () = raw.zrem(key, &member)?;
        Ok(raw.zadd(key, format!("{other}|{json}"), score)?)
    }),
    ("a text among them", |raw, key| {
        let (_, score) = second(raw, key)?;
        Ok(raw.zadd(key, "hello", score)?)
    }),
    ("what is no text", |raw, key| {
        let (_, score) = second(raw, key)?;
        Ok(raw.zadd(key, b"\xff\xfe".as_slice(), score)?)
    }),
    ("another score", |raw, key| {
        let (member, _) = second(raw, key)?;
        Ok(raw.zadd(key, member, 9_000_000_000_000_000_i64)?)
    }),
    ("a time of nothing", |raw, key| {
        let times = format!("{key}:times");
        if raw.exists(&times)? {
            let (_, time): (String, f64) = raw
                .zrange_withscores::<_, Vec<_>>(&times, -2, -2)?
                .remove(0);
            return Ok(raw.zadd(&times, "hello", time)?);
        }
        let (_, score) = second(raw, key)?;
        Ok(raw.zadd(key, "hello", score)?)
    }),
    ("a state that is no text", |raw, key| {
        let (prefix, _) = key.split_once(":{").unwrap();
        Ok(raw.hset(
            format!("{prefix}:{{*}}:state"),
            "cursor",
            b"\xff".as_slice(),
        )?)
    }),
];

fn second(raw: &mut Connection, key: &str) -> redis::RedisResult<(String, f64)> {
    Ok(raw.zrange_withscores::<_, Vec<_>>(key, -2, -2)?.remove(0))
}

each_engine! {
    /// Whatever somebody does to the entries: nobody passes over a diff, the database
    /// answers meanwhile, and the relay puts it right.
    async fn damaged_and_repaired(db: tables, conn) {
        let (redis, raw) = (&mut go!(Conn::redis()), &mut blocking(&url()));
        let (mut id, database) = (0, Database::<All>::new());
        for (at, (what, damage)) in DAMAGES.into_iter().enumerate() {
            // Of the keys another one on each engine.
            let part = ["{*}", "{Note}", "{Note:1}"][(at + db.engine as usize) % 3];
            let prefix = prefix();
            let store = Redis::new().prefix(&prefix);
            let both = store.clone().or_database(database);
            let relay = Relay::<All>::new(&store);
            let mut all = go!(feed::diffs(&database).load(conn))?;
            catch_up!(relay, conn, redis);
            let start = all.cursor.clone();
            if id == 0 { note!(conn, 1); }
            for _ in 0..4 {
                id += 1;
                go!(diesel::update(notes::table.find(1)).set(notes::text.eq(format!("{id}"))).execute(conn))?;
            }
            catch_up!(relay, conn, redis);
            all = go!(feed::diffs(&database).since(&start).load(conn))?;
            damage(raw, &format!("{prefix}:{part}"))?;

            macro_rules! read {
                ($store:expr, $conns:expr, $cursor:expr) => {{
                    let object = handleref::changeset::ObjectRef::new::<Note>(&1);
                    let query = feed::diffs($store).since($cursor).limit(3);
                    match part {
                        "{*}" => go!(query.load($conns)),
                        "{Note}" => go!(Note::diffs($store).since($cursor).limit(3).load($conns)),
                        _ => go!(query.of_object(&object).load($conns)),
                    }
                }};
            }
            let whole = what == "a time of nothing" && part != "{Note:1}";
            let first = all.diffs[0].at;
            let alone = match (whole, part) {
                (true, "{*}") => go!(feed::diffs(&store).from(first).load(redis)),
                (true, _) => go!(Note::diffs(&store).from(first).load(redis)),
                (false, _) => read!(&store, redis, &start),
            };
            assert!(matches!(alone, Err(Error::OutsideWindow { .. })), "{what} at {part}: {alone:?}");
            let page = read!(&both, &mut (&mut *redis, &mut *conn), &start)?;
            let mut read = page.diffs;
            let mut cursor: Cursor = page.cursor.to_string().parse()?;
            let mut step = go!(relay.step(conn, redis))?;
            while !step.filled {
                step = go!(relay.step(conn, redis))?;
                assert!(step.more, "{what} at {part}");
            }
            assert_eq!(step.repaired, !what.starts_with("a state"), "{what} at {part}");
            catch_up!(relay, conn, redis);
            assert_same!(&store, conn, redis);
            // The one who was reading goes on, in Redis again.
            id += 1;
            go!(diesel::update(notes::table.find(1)).set(notes::text.eq(format!("{id}"))).execute(conn))?;
            catch_up!(relay, conn, redis);
            loop {
                let page = read!(&both, &mut (&mut *redis, &mut *conn), &cursor)?;
                read.extend(page.diffs);
                cursor = page.cursor;
                if !page.more { break; }
            }
            let expected = go!(feed::diffs(&database).since(&start).load(conn))?.diffs;
            assert_eq!(read, expected, "{what} at {part}");
            let end = go!(feed::diffs(&store).since(&cursor).load(redis))?;
            assert!(end.diffs.is_empty());
        }
    }

    /// A reader that does not read what this version writes does not make the relay
    /// fill Redis again and again.
    async fn nothing_to_repair(db: tables, conn) {
        let (redis, raw, prefix) = (&mut go!(Conn::redis()), &mut blocking(&url()), prefix());
        let relay = Relay::<All>::new(&Redis::new().prefix(&prefix));
        note!(conn, 1);
        catch_up!(relay, conn, redis);
        let state = format!("{prefix}:{{*}}:state");
        for round in 0..2 {
            let _: () = raw.hset(&state, "unreadable", 1)?;
            let step = go!(relay.step(conn, redis))?;
            assert!(!step.filled && !step.repaired, "{step:?}");
            // Looked for once, and then not again for a while.
            let said: bool = raw.hexists(&state, "unreadable")?;
            assert_eq!(said, round == 1);
        }
    }
}
