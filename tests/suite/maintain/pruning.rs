//! What a prune removes, and what it keeps.

use super::recorded;
use crate::support::dice::Dice;
use crate::support::recorded::{Label, Paper, PaperRecords, papers};
use crate::support::{Db, Engine, each_engine};
use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::ExpressionMethods;
use diesel::{QueryDsl, SelectableHelper};
use handleref::history::RecordNo;
use handleref::maintain::{Event, EventKind, Maintain, events, holds, release};
use handleref::prelude::*;
use handleref::{Error, Operation};

fn tick() {
    std::thread::sleep(std::time::Duration::from_millis(3));
}

/// Gives the record of a version another time, through the door that a prune opens.
fn dated(db: &Db, version: i64, time: &str) {
    let (open, close) = match db.engine {
        Engine::Sqlite => (
            "BEGIN; UPDATE handleref_context SET door = 1",
            "UPDATE handleref_context SET door = 0; COMMIT",
        ),
        Engine::Postgres => (
            "BEGIN; SELECT set_config('handleref.door', '1', true)",
            "COMMIT",
        ),
        Engine::Mysql => ("SET @handleref_door = 1", "SET @handleref_door = NULL"),
    };
    db.create(&format!(
        "UPDATE handleref_recordings SET began_at = '2024-01-01 00:00:00'; {open}; \
         UPDATE paper_records SET recorded_at = '2024-02-03 {time}' WHERE record_version = {version}; {close}"
    ));
}

/// The states of the papers at each record's time and number.
macro_rules! states {
    ($conn:expr) => {{
        let records: Vec<(i64, NaiveDateTime)> = go!(Paper::records()
            .order(PaperRecords::RECORD_ID)
            .select((PaperRecords::RECORD_ID, PaperRecords::AT))
            .load($conn))?;
        let mut states = Vec::new();
        for (id, at) in records {
            let then = go!(state!(at).load::<Paper>($conn))?;
            let there = go!(state!(RecordNo(id)).load::<Paper>($conn))?;
            states.push((at, then, id, there));
        }
        states
    }};
}

macro_rules! state {
    ($moment:expr) => {
        papers::table
            .order(papers::id)
            .select(Paper::as_select())
            .as_of::<Paper>($moment)
    };
}

macro_rules! assert_exact {
    ($conn:expr, $before:expr, $pruned:expr) => {
        let (horizon, record) = ($pruned.horizon.unwrap(), $pruned.horizon_record.unwrap());
        let mut exact = 0;
        for (at, then, id, there) in &$before {
            let now = go!(state!(*at).load::<Paper>($conn));
            match at.and_utc() >= horizon {
                true => assert_eq!(&now?, then, "at {at}"),
                false => assert!(now.is_err(), "{at} is before {horizon}"),
            }
            let now = go!(state!(RecordNo(*id)).load::<Paper>($conn));
            match *id >= record {
                true => assert_eq!(&now?, there, "at {id}"),
                false => assert!(now.is_err(), "{id} is before {record}"),
            }
            exact += usize::from(at.and_utc() >= horizon);
        }
        assert!(exact > 0);
    };
}

macro_rules! counts {
    ($conn:expr) => {{
        let rows: Vec<i32> = go!(Paper::records().select(papers::id).load($conn))?;
        let mut counts = std::collections::BTreeMap::new();
        for id in rows {
            *counts.entry(id).or_insert(0) += 1;
        }
        counts
    }};
}

each_engine! {
    /// What a prune leaves answers every question from the horizon on as before.
    async fn prune(db: recorded, conn) {
        let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
        for step in 0..120 {
            let id = dice.roll(6) + 1;
            let title = format!("t{step}-{id}");
            let there: i64 = go!(papers::table.find(id).count().get_result(conn))?;
            match (there, dice.roll(8)) {
                (0, _) => { insert!(conn, id, &title); }
                (_, 0) => { go!(diesel::delete(papers::table.find(id)).execute(conn))?; }
                (_, 1) => { go!(handleref::delete(papers::table.find(id)).execute(conn))?; }
                (_, 2) => { go!(handleref::restore(papers::table.find(id)).execute(conn))?; }
                _ => { rename!(conn, id, &title); }
            }
            if dice.roll(3) == 0 {
                tick();
            }
        }
        let before = states!(conn);
        let middle = before[before.len() / 3].0;
        let kept: Vec<(i64, i32)> = go!(Paper::records().select((PaperRecords::RECORD_ID, papers::id)).load(conn))?;

        // Without a rule nothing goes.
        let none = go!(Paper::prune().execute(conn))?;
        assert_eq!((none.deleted, none.horizon), (0, None));

        let rules = || Paper::prune().batch(7).older_than(middle);
        let dry = go!(rules().dry_run(conn))?;
        assert_eq!(go!(Paper::records().count().get_result::<i64>(conn))?, i64::try_from(kept.len()).unwrap());
        let pruned = go!(rules().execute(conn))?;
        assert_eq!(dry, pruned);
        assert!(pruned.deleted > 10, "{pruned:?}");
        assert!(pruned.horizon.unwrap().naive_utc() <= middle);
        assert_exact!(conn, before, pruned);
        assert_eq!(go!(rules().execute(conn))?.deleted, 0);

        let both = go!(Paper::prune().older_than(TimeDelta::zero()).keep_last(4).execute(conn))?;
        let counts = counts!(conn);
        assert!(both.deleted > 0 && counts.values().all(|count| *count >= 4), "{counts:?}");
        assert_exact!(conn, before, both);

        let pruned = go!(Paper::prune().batch(1).keep_last(2).execute(conn))?;
        let counts = counts!(conn);
        assert!(counts.values().all(|count| *count == 2), "{counts:?}");
        assert_exact!(conn, before, pruned);

        let last = go!(events().of::<Paper>().limit(1).load(conn))?.pop().unwrap();
        assert_eq!((&last.kind, last.affected), (&EventKind::Prune, Some(pruned.deleted)));
        assert_eq!(last.detail["keep_last"], 2);
        assert_eq!(last.detail["horizon_record"], pruned.horizon_record.unwrap());
        // The door is shut again.
        assert!(go!(diesel::sql_query("DELETE FROM paper_records").execute(conn)).is_err());
        let deleted: Vec<i64> = go!(Paper::records().order(PaperRecords::RECORD_ID).select(PaperRecords::RECORD_ID).load(conn))?;
        let pruned = go!(Paper::prune().older_than(TimeDelta::zero()).execute(conn))?;
        let left: Vec<i64> = go!(Paper::records().order(PaperRecords::RECORD_ID).select(PaperRecords::RECORD_ID).load(conn))?;
        assert_eq!(i64::try_from(deleted.len() - left.len()).unwrap(), pruned.deleted);
        assert!(counts!(conn).values().all(|count| *count == 1));
        assert_exact!(conn, before, pruned);
    }

    /// To the microsecond: a record goes if another one was there at that moment.
    async fn the_moment_itself(db: recorded, conn) {
        insert!(conn, 1, "a");
        for title in ["b", "c", "d"] {
            rename!(conn, 1, title);
        }
        let noon: NaiveDateTime = "2024-02-03T12:00:00.5".parse()?;
        let (micro, records) = (TimeDelta::microseconds(1), ["11:00:00", "12:00:00.5", "12:00:00.5", "13:00:00"]);
        for (version, time) in (1..).zip(records) {
            dated(&db, version, time);
        }
        macro_rules! left {
            ($prune:ident, $limit:expr) => {
                go!(Paper::prune().older_than($limit).$prune(conn))?.deleted
            };
        }
        let (early, late) = (noon - TimeDelta::hours(1), noon + TimeDelta::hours(1) - TimeDelta::milliseconds(500));
        assert_eq!((left!(dry_run, early - micro), left!(dry_run, early)), (0, 0));
        assert_eq!((left!(dry_run, noon - micro), left!(dry_run, noon)), (0, 2));
        assert_eq!((left!(dry_run, late - micro), left!(dry_run, late)), (2, 3));
        // Exact from that moment on, and from no earlier one.
        assert_eq!(left!(execute, noon), 2);
        let titles = |papers: Vec<Paper>| papers.into_iter().map(|paper| paper.title).collect::<Vec<_>>();
        assert_eq!(titles(go!(state!(noon).load::<Paper>(conn))?), ["c"]);
        assert!(go!(state!(noon - micro).load::<Paper>(conn)).is_err());
        assert_eq!(history!(conn, 1).iter().map(|(_, version)| *version).collect::<Vec<_>>(), [3, 4]);
    }

    /// A hold keeps the records of a row, or of all rows.
    async fn what_is_held_stays(db: recorded, conn) {
        for id in 1..=3 {
            insert!(conn, id, format!("a{id}"));
            rename!(conn, id, format!("b{id}"));
            rename!(conn, id, format!("c{id}"));
        }
        let one = go!(Paper::hold(conn, &2, "case 'one'"))?;
        let label = (1, "a,b\\".to_owned());
        let other = go!(Label::hold(conn, &label, "another table"))?;
        let all = go!(holds(conn))?;
        assert_eq!(all.len(), 2);
        assert_eq!((all[0].id, all[0].key.as_deref(), all[0].reason.as_str()), (one, Some("2"), "case 'one'"));
        assert_eq!((all[0].records.as_str(), all[1].key.as_deref()), ("paper_records", Some("1,a\\,b\\\\")));
        assert_eq!(go!(Paper::prune().keep_last(1).execute(conn))?.deleted, 4);
        assert_eq!([history!(conn, 1).len(), history!(conn, 2).len()], [1, 3]);
        let everything = go!(Paper::hold_all(conn, "case two"))?;
        assert!(go!(release(conn, one))?);
        assert!(!go!(release(conn, one))?);
        assert_eq!(go!(Paper::prune().keep_last(1).dry_run(conn))?.deleted, 0);
        let refused = go!(Paper::erase(1).column(papers::website).execute(conn));
        assert!(matches!(&refused, Err(Error::Held { key, reason, .. }) if key == "1" && reason == "case two"), "{refused:?}");
        assert!(go!(release(conn, everything))? && go!(release(conn, other))?);
        assert_eq!(go!(Paper::prune().keep_last(1).execute(conn))?.deleted, 2);
        use EventKind::{Hold, Prune, Release};
        assert_eq!(kinds!(conn), [Hold, Hold, Prune, Hold, Release, Release, Release, Prune]);
    }
}
