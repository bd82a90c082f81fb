//! What is too old.

use crate::beside::{Beside, catch_up, prefix};
use crate::models::recorded as tables;
use crate::models::{All, Note, notes};
use crate::support::{Db, Engine, each_engine};
use chrono::TimeDelta;
use diesel::{ExpressionMethods, QueryDsl};
use handleref::feed;
use handleref::redis::{Redis, Relay, prune_diffs};

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

/// Dates the records of the notes back, through the door that a prune opens.
pub fn made_two_hours_ago(db: &Db) {
    let (open, ago, close) = match db.engine {
        Engine::Sqlite => (
            "BEGIN; UPDATE handleref_context SET door = 1",
            "strftime('%Y-%m-%d %H:%M:%f', recorded_at, '-2 hours')",
            "UPDATE handleref_context SET door = 0; COMMIT",
        ),
        Engine::Postgres => (
            "BEGIN; SELECT set_config('handleref.door', '1', true)",
            "recorded_at - interval '2 hours'",
            "COMMIT",
        ),
        Engine::Mysql => (
            "SET @handleref_door = 1",
            "recorded_at - INTERVAL 2 HOUR",
            "SET @handleref_door = NULL",
        ),
    };
    db.create(&format!(
        "{open}; UPDATE note_records SET recorded_at = {ago}; {close}"
    ));
}

each_engine! {
    /// Old diffs are hidden, then removed; young ones stay; keys that are not ours,
    /// or of a wrong type, are left alone.
    async fn old_diffs(db: tables, conn) {
        let prefix = prefix();
        // The relay keeps what is hidden here.
        let (kept, redis) = (Redis::new().prefix(&prefix), &mut go!(Conn::redis()));
        let store = kept.clone().max_age(TimeDelta::seconds(1));
        let raw = &mut crate::beside::blocking(&crate::beside::url());
        let relay = Relay::<All>::new(&kept);
        catch_up!(relay, conn, redis);
        note!(conn, 1);
        note!(conn, 2);
        catch_up!(relay, conn, redis);
        assert_eq!(go!(feed::diffs(&store).load(redis))?.diffs.len(), 2);
        let (plain, stray, foreign) = (format!("{prefix}:{{Note:77}}"), format!("{prefix}:{{x"), format!("{prefix}x:{{Note:1}}"));
        for key in [&plain, &stray, &foreign] {
            redis::cmd("SET").arg(key).arg("a text").exec(raw)?;
        }
        let hidden = std::time::Instant::now();
        while !go!(feed::diffs(&store).load(redis))?.diffs.is_empty() {
            assert!(hidden.elapsed().as_secs() < 30);
        }
        // Not seen, but there.
        let count = |raw: &mut redis::Connection, key: &str| redis::cmd("ZCARD").arg(format!("{prefix}:{{{key}}}")).query::<u64>(raw);
        assert_eq!((count(raw, "*")?, count(raw, "Note")?, count(raw, "Note:1")?), (2, 2, 1));
        let report = go!(prune_diffs(&store, redis))?;
        let removed: Vec<_> = report.removed.iter().map(|(key, count)| (key.trim_start_matches(&prefix), *count)).collect();
        assert_eq!(removed, [(":{*}", 2), (":{Note:1}", 1), (":{Note:2}", 1), (":{Note}", 2)]);
        let mut skipped: Vec<_> = report.skipped.iter().map(|one| one.key.clone()).collect();
        skipped.sort();
        assert_eq!(skipped, [plain.clone(), stray.clone()]);
        assert!(report.to_string().contains("WRONGTYPE"), "{report}");
        for key in [&plain, &stray, &foreign] {
            assert_eq!(redis::cmd("GETDEL").arg(key).query::<String>(raw)?, "a text");
        }
        note!(conn, 3);
        catch_up!(relay, conn, redis);
        let report = go!(prune_diffs(&store, redis))?;
        assert!(report.removed.is_empty() && report.skipped.is_empty(), "{report}");
        assert_eq!(count(raw, "*")?, 1);
    }

    /// Of a key that holds old and young diffs, the old ones go and the young ones stay.
    async fn old_and_young_at_one_key(db: tables, conn) {
        let prefix = prefix();
        let day = Redis::new().prefix(&prefix).max_age(TimeDelta::days(1));
        let (hour, redis) = (day.clone().max_age(TimeDelta::hours(1)), &mut go!(Conn::redis()));
        let raw = &mut crate::beside::blocking(&crate::beside::url());
        let relay = Relay::<All>::new(&day);
        catch_up!(relay, conn, redis);
        note!(conn, 1);
        note!(conn, 2);
        made_two_hours_ago(&db);
        catch_up!(relay, conn, redis);
        go!(diesel::update(notes::table.find(1)).set(notes::text.eq("young")).execute(conn))?;
        note!(conn, 3);
        catch_up!(relay, conn, redis);
        let count = |raw: &mut redis::Connection, key: &str| redis::cmd("ZCARD").arg(format!("{prefix}:{{{key}}}")).query::<u64>(raw);
        let counts = |raw: &mut redis::Connection| ["*", "Note", "Note:1", "Note:2", "Note:3"].map(|key| count(raw, key).unwrap());
        assert_eq!(counts(raw), [4, 4, 2, 1, 1]);
        let report = go!(prune_diffs(&hour, redis))?;
        let removed: Vec<_> = report.removed.iter().map(|(key, count)| (key.trim_start_matches(&prefix), *count)).collect();
        assert_eq!(removed, [(":{*}", 2), (":{Note:1}", 1), (":{Note:2}", 1), (":{Note}", 2)]);
        assert_eq!(counts(raw), [2, 2, 1, 0, 1]);
        let held = go!(feed::diffs(&day).load(redis))?.diffs;
        let held: Vec<_> = held.iter().map(|diff| (diff.object.key.as_str(), diff.data["is"].as_str())).collect();
        assert_eq!(held, [("1", Some("young")), ("3", Some("n"))]);
    }

    /// A relay prunes by itself, while others come, also at keys that nobody writes to.
    async fn by_the_relay(db: tables, conn) {
        let prefix = prefix();
        let (store, redis) = (Redis::new().prefix(&prefix).max_age(TimeDelta::seconds(1)), &mut go!(Conn::redis()));
        let raw = &mut crate::beside::blocking(&crate::beside::url());
        let relay = Relay::<All>::new(&store);
        catch_up!(relay, conn, redis);
        let start = go!(feed::diffs(&store).newest(1).load(redis))?.cursor;
        for id in 1..=4 { note!(conn, id); }
        catch_up!(relay, conn, redis);
        let first = go!(feed::diffs(&store).newest(1).load(redis))?;
        let last = first.diffs[0].clone();
        let began = std::time::Instant::now();
        for id in 5.. {
            note!(conn, id);
            catch_up!(relay, conn, redis);
            let held: Vec<String> = redis::cmd("ZRANGE").arg(format!("{prefix}:{{*}}")).arg(0).arg(-1).query(raw)?;
            if !held.iter().any(|member| member.contains("\"key\":\"4\"")) {
                assert!(held.iter().any(|member| member.contains(&format!("\"key\":\"{id}\""))));
                break;
            }
            assert!(began.elapsed().as_secs() < 30);
        }
        let key = format!("{prefix}:{{Note:1}}");
        assert_eq!(redis::cmd("EXISTS").arg(key).query::<u64>(raw)?, 0);
        let held = go!(feed::diffs(&store).load(redis))?.diffs;
        assert!(held.iter().all(|diff| diff.at > last.at));
        let read = go!(feed::diffs(&store).since(&start).load(redis));
        assert!(matches!(read, Err(handleref::Error::OutsideWindow { .. })), "{read:?}");
    }
}
