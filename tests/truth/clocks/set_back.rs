//! A clock that was ahead and was set back, or that a session forges.

use crate::support::recorded::papers as tables;
#[allow(unused_imports)]
use crate::support::recorded::{Author, Label, LabelRecords, Paper, PaperRecords, labels, papers};
use crate::support::{Db, Engine, each_engine};
use chrono::{NaiveDate, NaiveDateTime, TimeDelta};
use diesel::prelude::ExpressionMethods;
use diesel::{QueryDsl, SelectableHelper};
use handleref::prelude::*;

/// What the wrong clock said.
fn ahead() -> NaiveDateTime {
    NaiveDate::from_ymd_opt(2037, 1, 1)
        .unwrap()
        .and_hms_opt(12, 0, 0)
        .unwrap()
}

/// Makes it so that the last record of each row was written by the wrong clock.
fn was_ahead(db: &Db) {
    let (begin, end) = match db.engine {
        Engine::Sqlite => (
            "BEGIN; UPDATE handleref_context SET door = 1, paused = 1",
            "UPDATE handleref_context SET door = 0, paused = 0; COMMIT",
        ),
        Engine::Postgres => (
            "BEGIN; SELECT set_config('handleref.door', '1', true), set_config('handleref.paused', '1', true)",
            "COMMIT",
        ),
        Engine::Mysql => (
            "SET @handleref_door = 1, @handleref_paused = 1",
            "SET @handleref_door = NULL, @handleref_paused = NULL",
        ),
    };
    let at = "'2037-01-01 12:00:00'";
    db.create(&format!(
        "{begin}; UPDATE paper_records SET recorded_at = {at}, updated_at = {at} WHERE record_operation = 'update'; \
         UPDATE label_history SET recorded_at = {at} WHERE record_operation = 'update'; \
         UPDATE papers SET version = version + 1, updated_at = {at}; \
         UPDATE paper_records SET record_version = record_version + 1, version = version + 1 WHERE record_operation = 'update'; {end}"
    ));
}

each_engine! {
    /// The next record is not before the last one, so that a moment after both
    /// shows the newer state; and the row says what its record says.
    async fn a_record_is_never_before_the_last_one(db: tables, conn) {
        for id in 1..=3 {
            go!(diesel::insert_into(papers::table)
                .values((papers::id.eq(id), papers::title.eq(format!("first {id}"))))
                .execute(conn))?;
            go!(diesel::update(papers::table.find(id)).set(papers::title.eq(format!("ahead {id}"))).execute(conn))?;
        }
        go!(diesel::insert_into(labels::table)
            .values((labels::paper_id.eq(1), labels::label.eq("one"), labels::weight.eq(1)))
            .execute(conn))?;
        go!(diesel::update(labels::table).set(labels::weight.eq(2)).execute(conn))?;
        let real = go!(diesel::select(handleref::now::<Paper>()).get_result::<NaiveDateTime>(conn))?;
        std::thread::sleep(std::time::Duration::from_millis(5));
        was_ahead(&db);
        // A verb, another writer's statement, and one of many rows.
        go!(handleref::update(papers::table.find(1)).set(papers::title.eq("after 1")).execute(conn))?;
        go!(diesel::update(papers::table.find(2)).set(papers::title.eq("after 2")).execute(conn))?;
        go!(diesel::delete(papers::table.find(3)).execute(conn))?;
        go!(diesel::insert_into(papers::table)
            .values((papers::id.eq(3), papers::title.eq("after 3")))
            .execute(conn))?;
        go!(diesel::update(labels::table).set(labels::weight.eq(3)).execute(conn))?;

        let titles = papers::table.order(papers::id).select(papers::title);
        let later = ahead() + TimeDelta::seconds(1);
        let then = go!(titles.as_of::<Paper>(later).load::<String>(conn))?;
        assert_eq!(then, ["after 1", "after 2", "after 3"]);
        let weights = labels::table.select(labels::weight).as_of::<Label>(later);
        assert_eq!(go!(weights.load::<Option<i32>>(conn))?, [Some(3)]);
        // What was true at a moment before the wrong clock stays true.
        let then = go!(titles.as_of::<Paper>(real).load::<String>(conn))?;
        assert_eq!(then.len(), 3, "{then:?}");
        assert!(then.iter().all(|title| !title.starts_with("after")), "{then:?}");
        for id in 1..=3 {
            let times = Paper::records()
                .filter(papers::id.eq(id))
                .order(PaperRecords::RECORD_ID)
                .select(PaperRecords::AT);
            let times = go!(times.load::<NaiveDateTime>(conn))?;
            assert!(times.is_sorted(), "{times:?}");
            assert!(times.last() >= Some(&ahead()), "{times:?}");
        }
        let times = Label::records().order(LabelRecords::RECORD_ID).select(LabelRecords::AT);
        assert!(go!(times.load::<NaiveDateTime>(conn))?.is_sorted());
        // As long as the row lives, it says the time of its record.
        for id in 1..=2 {
            let row = go!(papers::table.find(id).select(papers::updated_at).first::<NaiveDateTime>(conn))?;
            let record = Paper::records()
                .filter(papers::id.eq(id))
                .order(PaperRecords::RECORD_ID.desc())
                .select((PaperRecords::AT, papers::updated_at));
            let record = go!(record.first::<(NaiveDateTime, NaiveDateTime)>(conn))?;
            assert_eq!(record, (row, row), "{id}");
        }
    }
}

each_engine! {
    /// Verbs of a row and what looks after the history do not lower `updated_at`:
    /// it stays what the last record says.
    async fn verbs_go_on_from_there(db: tables, conn) {
        for id in 1..=6 {
            go!(diesel::insert_into(papers::table)
                .values((papers::id.eq(id), papers::title.eq(format!("first {id}")), papers::website.eq("w")))
                .execute(conn))?;
            go!(diesel::update(papers::table.find(id)).set(papers::title.eq(format!("ahead {id}"))).execute(conn))?;
        }
        was_ahead(&db);
        let mut all = go!(papers::table.order(papers::id).select(Paper::as_select()).load::<Paper>(conn))?;
        all[0].title = "saved".into();
        assert_eq!(go!(all[0].save(conn))?, handleref::Outcome::Written);
        assert_eq!(go!(all[1].revert(conn, 1))?, handleref::Outcome::Written);
        go!(Paper::erase(3).column(papers::website).live_row().execute(conn))?;
        go!(handleref::delete(papers::table.find(4)).execute(conn))?;
        go!(all[4].clone().hard_delete(conn))?;
        assert_eq!(go!(Paper::reinsert(conn, &5))?.title, "ahead 5");
        for id in 1..=5 {
            let row = go!(papers::table.find(id).select(papers::updated_at).first::<NaiveDateTime>(conn))?;
            let records = Paper::records()
                .filter(papers::id.eq(id))
                .order(PaperRecords::RECORD_ID)
                .select(PaperRecords::AT);
            let records = go!(records.load::<NaiveDateTime>(conn))?;
            assert!(records.is_sorted(), "{id}: {records:?}");
            assert_eq!(records.last(), Some(&row), "{id}: {records:?}");
            assert!(row >= ahead(), "{id}: {row}");
        }
    }
}

mod a_forged_clock {
    #[allow(unused_imports)]
    use super::*;

    /// A session that says it is 2001.
    #[cfg(feature = "mysql")]
    #[test]
    fn mysql() -> crate::support::Done {
        use diesel::RunQueryDsl;
        let db = Db::mysql();
        tables(&db);
        let conn = &mut db.connect::<diesel::MysqlConnection>();
        for (table, id) in [("papers", 1), ("papers", 2), ("papers", 3)] {
            diesel::sql_query(format!(
                "INSERT INTO {table} (id, title) VALUES ({id}, 'old {id}')"
            ))
            .execute(conn)?;
        }
        diesel::sql_query("INSERT INTO labels (paper_id, label, weight) VALUES (1, 'one', 1)")
            .execute(conn)?;
        let before = diesel::select(handleref::now::<Paper>()).get_result::<NaiveDateTime>(conn)?;
        let forger = &mut db.connect::<diesel::MysqlConnection>();
        for sql in [
            "SET timestamp = 978307200",
            "UPDATE papers SET title = 'forged 1' WHERE id = 1",
            "DELETE FROM papers WHERE id = 2",
            "INSERT INTO papers (id, title) VALUES (2, 'forged 2')",
            "DELETE FROM papers WHERE id = 3",
            "UPDATE labels SET weight = 2",
        ] {
            diesel::sql_query(sql).execute(forger)?;
        }
        handleref::update(papers::table.find(1))
            .set(papers::title.eq("forged again"))
            .execute(forger)?;
        for id in 1..=3 {
            let times = Paper::records()
                .filter(papers::id.eq(id))
                .order(PaperRecords::RECORD_ID)
                .select(PaperRecords::AT)
                .load::<NaiveDateTime>(conn)?;
            assert!(times.is_sorted(), "{id}: {times:?}");
        }
        let early = before - TimeDelta::seconds(1);
        let titles = papers::table.select(papers::title).as_of::<Paper>(early);
        // Before recording began there is no answer, and none that was forged into it.
        assert!(titles.load::<String>(conn).map_or(true, |titles| {
            titles.iter().all(|title| title.starts_with("old"))
        }));
        let schema = handleref::schema![Author, Paper, Label];
        let report = schema.check(conn)?;
        assert!(
            report
                .uncovered()
                .iter()
                .any(|text| text.contains("sets `timestamp`")),
            "{report:?}"
        );
        Ok(())
    }
}
