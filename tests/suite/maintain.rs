//! Looking after the history: backfill, pauses, prune, holds, erasure, events.

mod connections;

use crate::support::recorded::{
    Author, Label, LabelRecords, Paper, PaperRecords, bare_papers, labels, papers,
};
use crate::support::{Db, each_engine};
use chrono::{NaiveDateTime, TimeDelta, Utc};
use diesel::prelude::ExpressionMethods;
use diesel::{QueryDsl, SelectableHelper};
use handleref::prelude::*;
use handleref::record::maintain::{
    Event, EventKind, Maintain, events, holds, release, without_recording_async,
};
use handleref::{Error, Operation, RecordNo};

/// Rows that were there before the recording: 25 papers, and labels with keys
/// that have to be quoted.
fn filled(db: &Db) {
    bare_papers(db);
    for id in 1..=25 {
        db.create(&format!(
            "INSERT INTO papers (id, title, secret, views) VALUES ({id}, 'old {id}', 'secret', 7)"
        ));
        for label in ["it''s", "Ä", "a,b", "{", "z"] {
            db.create(&format!(
                "INSERT INTO labels (paper_id, label) VALUES ({id}, '{label}')"
            ));
        }
    }
    db.install(&handleref::schema![Author, Paper, Label]);
}

fn recorded(db: &Db) {
    crate::support::recorded::papers(db);
}

fn tick() {
    std::thread::sleep(std::time::Duration::from_millis(3));
}

/// Operations and versions of a paper.
macro_rules! history {
    ($conn:expr, $id:expr) => {
        go!(Paper::history_of($id)
            .order(PaperRecords::RECORD_ID)
            .select((PaperRecords::OPERATION, PaperRecords::VERSION))
            .load::<(Operation, i64)>($conn))?
    };
}

macro_rules! insert {
    ($conn:expr, $id:expr, $title:expr) => {
        go!(diesel::insert_into(papers::table)
            .values((papers::id.eq($id), papers::title.eq($title)))
            .execute($conn))?
    };
}

macro_rules! rename {
    ($conn:expr, $id:expr, $title:expr) => {
        go!(diesel::update(papers::table.find($id))
            .set(papers::title.eq($title))
            .execute($conn))?
    };
}

macro_rules! kinds {
    ($conn:expr) => {{
        let events: Vec<Event> = go!(events().load($conn))?;
        let kinds = events.iter().rev().map(|event| event.kind.clone());
        let kinds: Vec<_> = kinds.filter(|kind| *kind != EventKind::Install).collect();
        kinds
    }};
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
    /// Every row gets one baseline, that of the time when recording began.
    async fn backfill(db: filled, conn) {
        rename!(conn, 3, "changed before its turn");
        let refused = go!(papers::table.select(papers::id).as_of::<Paper>(Utc::now()).load::<i32>(conn));
        assert!(refused.is_err(), "{refused:?}");
        let mut seen = Vec::new();
        let progress = go!(Paper::backfill()
            .batch(4)
            .on_progress(|progress| seen.push(progress))
            .execute(conn))?;
        assert_eq!((progress.done, progress.written, progress.finished), (25, 24, true), "{progress}");
        assert_eq!(seen.len(), 7);
        assert_eq!((seen[0].done, seen[0].finished), (4, false));
        assert_eq!(seen[6], progress);
        use Operation::{Baseline, Update};
        assert_eq!(history!(conn, 3), [(Baseline, 1), (Update, 2)]);
        assert_eq!(history!(conn, 25), [(Baseline, 1)]);
        rename!(conn, 25, "later");
        assert_eq!(history!(conn, 25), [(Baseline, 1), (Update, 2)]);

        let all = go!(Paper::records()
            .filter(PaperRecords::OPERATION.eq(Baseline))
            .order(PaperRecords::RECORD_ID)
            .select((PaperRecords::RECORD_ID, PaperRecords::AT, PaperRecords::CHANGESET, papers::secret, papers::views))
            .load::<(i64, NaiveDateTime, Option<i64>, Option<String>, i32)>(conn))?;
        assert_eq!(all.len(), 25);
        assert!(all.iter().all(|(id, at, changeset, secret, views)| {
            (*id < 0, *at, changeset.is_none(), secret.is_none(), *views) == (true, all[0].1, true, true, 0)
        }), "{all:?}");

        let progress = go!(Label::backfill().batch(3).execute(conn))?;
        assert_eq!((progress.done, progress.written), (125, 125));
        let keys: Vec<(i32, String)> = go!(labels::table.order((labels::paper_id, labels::label)).select((labels::paper_id, labels::label)).load(conn))?;
        let records: Vec<(i32, String)> = go!(Label::records().order((labels::paper_id, labels::label)).select((labels::paper_id, labels::label)).load(conn))?;
        assert_eq!(keys, records);
        assert_eq!(go!(Label::records().select(LabelRecords::VERSION).distinct().load::<i64>(conn))?, [1]);

        let again = go!(Paper::backfill().execute(conn))?;
        assert_eq!((again.done, again.written), (25, 0));
        assert_eq!(kinds!(conn), [EventKind::Backfill, EventKind::Backfill, EventKind::Backfill]);
        let events = go!(events().of::<Paper>().load(conn))?;
        assert_eq!(events.iter().filter(|event| event.kind == EventKind::Backfill).map(|event| event.affected).collect::<Vec<_>>(), [Some(0), Some(24)]);

        let now: Vec<i32> = go!(papers::table.select(papers::id).as_of::<Paper>(Utc::now() + TimeDelta::hours(1)).load(conn))?;
        assert_eq!(now.len(), 25);
        // The triggers can be simpler now, and work on.
        let schema = handleref::schema![Author, Paper, Label];
        go!(schema.install(conn))?;
        assert!(go!(schema.plan(conn))?.is_empty());
        rename!(conn, 7, "later still");
        assert_eq!(history!(conn, 7), [(Baseline, 1), (Update, 2)]);
    }

    /// Before the backfill every question about the past is refused, even if
    /// there is no record that it could look at.
    async fn nothing_is_known_before_the_backfill(db: filled, conn) {
        let all = go!(papers::table.select(papers::id).as_of::<Paper>(Utc::now()).load::<i32>(conn));
        assert!(all.is_err(), "{all:?}");
        rename!(conn, 3, "changed");
        let one = go!(papers::table.find(4).select(papers::id).as_of::<Paper>(Utc::now()).load::<i32>(conn));
        assert!(one.is_err(), "{one:?}");
    }

    /// Broken off after any step, the next run does the rest.
    async fn backfill_is_resumed(db: filled, conn) {
        let mut begun = Paper::backfill().batch(10);
        assert_eq!(go!(begun.step(conn))?.written, 10);
        drop(begun);
        let mut rest = Paper::backfill().batch(10);
        let mut steps = 0;
        while !go!(rest.step(conn))?.finished {
            steps += 1;
        }
        assert_eq!(steps, 2);
        assert_eq!(go!(rest.step(conn))?.written, 15);
        assert_eq!(go!(Paper::records().count().get_result::<i64>(conn))?, 25);
        // In the caller's transaction it comes and goes with that.
        let failed: Result<(), Error> = transaction!(conn, inner, {
            assert_eq!(go!(Label::backfill().batch(50).execute(inner))?.written, 125);
            Err(Error::Database(diesel::result::Error::RollbackTransaction))
        });
        assert!(failed.is_err());
        assert_eq!(go!(Label::records().count().get_result::<i64>(conn))?, 0);
        assert_eq!(kinds!(conn).len(), 2);
    }

    /// Nothing is recorded in between, and the history says so.
    async fn a_pause(db: recorded, conn) {
        insert!(conn, 1, "a");
        go!(without_recording_async(conn, "a \"reason\" with '\\", async |conn| {
            rename!(conn, 1, "b");
            go!(without_recording_async(conn, "inner", async |conn| {
                rename!(conn, 1, "c");
                Ok::<_, Error>(())
            }))?;
            rename!(conn, 1, "d");
            Ok::<_, Error>(())
        }))?;
        rename!(conn, 1, "e");
        assert_eq!(history!(conn, 1), [(Operation::Insert, 1), (Operation::Update, 5)]);
        assert_eq!(kinds!(conn), [EventKind::Pause, EventKind::Resume]);
        let last = go!(events().limit(1).load(conn))?;
        assert_eq!(last[0].detail["reason"], "a \"reason\" with '\\");

        let failed = go!(without_recording_async(conn, "fails", async |conn| {
            rename!(conn, 1, "f");
            Err::<(), Error>(Error::Database(diesel::result::Error::RollbackTransaction))
        }));
        assert!(failed.is_err());
        rename!(conn, 1, "g");
        assert_eq!(history!(conn, 1).last(), Some(&(Operation::Update, 6)));
        // In a transaction that goes on and is rolled back.
        let failed: Result<(), Error> = transaction!(conn, inner, {
            go!(without_recording_async(inner, "goes too", async |inner| {
                rename!(inner, 1, "h");
                Ok::<_, Error>(())
            }))?;
            rename!(inner, 1, "i");
            assert_eq!(history!(inner, 1).last(), Some(&(Operation::Update, 8)));
            Err(Error::Database(diesel::result::Error::RollbackTransaction))
        });
        assert!(failed.is_err());
        assert_eq!(history!(conn, 1).last(), Some(&(Operation::Update, 6)));
        assert_eq!(kinds!(conn), [EventKind::Pause, EventKind::Resume]);
    }

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

    /// The values are gone from every record and from the row; all else stays.
    async fn erase(db: filled, conn) {
        go!(diesel::update(papers::table.find(1)).set(papers::website.eq("w1")).execute(conn))?;
        go!(diesel::update(papers::table.find(1)).set((papers::website.eq("w2"), papers::title.eq("name"))).execute(conn))?;
        go!(diesel::update(papers::table.find(2)).set(papers::website.eq("w3")).execute(conn))?;
        let erased = go!(Paper::erase(1).column(papers::website).execute(conn))?;
        assert_eq!((erased.records, erased.live_row), (3, false));
        let of = |id: i32| Paper::history_of(id).order(PaperRecords::RECORD_ID).select((PaperRecords::VERSION, papers::title, papers::website, papers::secret));
        type Row = (i64, String, Option<String>, Option<String>);
        let shown = |rows: Vec<Row>| rows.into_iter().map(|(version, title, website, _)| format!("{version} {title} {website:?}")).collect::<Vec<_>>();
        assert_eq!(shown(go!(of(1).load::<Row>(conn))?), ["1 old 1 None", "2 old 1 None", "3 name None"]);
        assert_eq!(shown(go!(of(2).load::<Row>(conn))?), ["1 old 2 None", "2 old 2 Some(\"w3\")"]);

        let erase = || Paper::erase(1).column(papers::website).column(papers::secret).column_with(papers::title, "'it''s'").live_row();
        let erased = go!(erase().execute(conn))?;
        assert_eq!((erased.records, erased.live_row), (4, true));
        assert_eq!(shown(go!(of(1).load::<Row>(conn))?), ["1 it's None", "2 it's None", "3 it's None", "4 it's None"]);
        let live: Paper = go!(papers::table.find(1).select(Paper::as_select()).first(conn))?;
        assert_eq!((live.version, live.title.as_str(), live.website, live.secret), (4, "it's", None, None));
        // A second time there is nothing to change in the row.
        assert!(!go!(erase().execute(conn))?.live_row);

        // A row without a record: its baseline does not keep the value either.
        let erased = go!(Paper::erase(9).column_with(papers::title, "'gone'").live_row().execute(conn))?;
        assert_eq!((erased.records, erased.live_row), (2, true));
        assert_eq!(shown(go!(of(9).load::<Row>(conn))?), ["1 gone None", "2 gone None"]);

        let event = go!(events().limit(1).load(conn))?.pop().unwrap();
        assert_eq!((&event.kind, event.affected), (&EventKind::Erase, Some(2)));
        assert_eq!((&event.detail["model"], &event.detail["key"], &event.detail["columns"][0]), (&"Paper".into(), &"9".into(), &"title".into()));
        assert!(!event.to_string().contains("old 9"), "{event}");
        let refused = go!(Paper::erase(1).column_with(papers::version, "0").execute(conn));
        assert!(matches!(refused, Err(Error::ManagedColumn { column: "version", .. })), "{refused:?}");
        let refused = go!(Paper::erase(1).property("nothing").execute(conn));
        assert!(matches!(refused, Err(Error::NoField { .. })), "{refused:?}");
        assert!(go!(diesel::sql_query("UPDATE paper_records SET title = 'x'").execute(conn)).is_err());
    }

    /// Newest first, page by page, of one model or all.
    async fn pages_of_events(db: recorded, conn) {
        for number in 0..7 {
            go!(without_recording_async(conn, &format!("{number}"), async |_| Ok::<_, Error>(())))?;
        }
        go!(Paper::hold_all(conn, "h"))?;
        let first = go!(events().limit(5).load(conn))?;
        assert_eq!(first.len(), 5);
        assert_eq!((&first[0].kind, first[0].records.as_deref()), (&EventKind::Hold, Some("paper_records")));
        let rest = go!(events().before(first[4].id).load(conn))?;
        assert!(rest.len() >= 10 && rest[0].id < first[4].id);
        assert_eq!(go!(events().of::<Paper>().limit(1).load(conn))?[0], first[0]);
        let age = Utc::now() - first[0].at;
        assert!(age.num_seconds().abs() < 60, "{age}");
        let json = serde_json::to_value(&first[0]).unwrap();
        assert_eq!((json["kind"].as_str(), json["detail"]["reason"].as_str()), (Some("hold"), Some("h")));
    }
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: i32) -> i32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        i32::try_from(self.0 % u64::try_from(sides).unwrap()).unwrap()
    }
}
