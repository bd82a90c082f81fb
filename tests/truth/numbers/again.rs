//! A counter that begins again: dropped, set back, or older than the records.

use super::{Number, behind_the_door};
use crate::support::recorded::papers as tables;
use crate::support::recorded::{Author, Label, Paper, authors, labels, papers};
use crate::support::{Db, Engine, each_engine};
use diesel::QueryDsl;
use diesel::prelude::ExpressionMethods;
use handleref::prelude::*;
use handleref::schema::{ProblemKind, Report, Schema};

fn schema() -> Schema {
    handleref::schema![Author, Paper, Label]
}

fn begins_again(report: &Report) -> bool {
    let again = |problem: &handleref::schema::Problem| matches!(problem.kind, ProblemKind::NumbersBegunAgain { next, stored } if next <= stored);
    report.iter().any(again)
}

/// What happens to counters. `None` where the engine has no such thing.
fn mishaps(db: &Db) -> Vec<&'static str> {
    match db.engine {
        Engine::Sqlite => vec![
            "UPDATE handleref_context SET tick = 0",
            "DELETE FROM handleref_context",
        ],
        Engine::Postgres => vec![
            "ALTER SEQUENCE handleref_record_id RESTART",
            "SELECT setval('handleref_record_id', 2)",
            "DROP SEQUENCE handleref_record_id CASCADE",
        ],
        // One of the two is there, as the server is.
        Engine::Mysql => vec![
            "DROP TABLE IF EXISTS handleref_record_id, handleref_numbers",
            "DROP FUNCTION handleref_next_record",
        ],
    }
}

const GREATEST: &str = "SELECT max(n) AS n FROM (SELECT max(record_id) AS n FROM paper_records \
     UNION ALL SELECT -min(record_id) FROM paper_records UNION ALL SELECT max(record_id) FROM label_history) AS every";
const LAST: &str = "SELECT max(record_id) AS n FROM author_records";

each_engine! {
    /// `check` sees it, `install` sets the counter past the records of all tables,
    /// and the next record of any table is the last one.
    async fn every_mishap_is_seen_and_healed(db: tables, conn) {
        for (round, mishap) in (0..).zip(mishaps(&db)) {
            for id in 1..=5 {
                go!(diesel::insert_into(papers::table)
                    .values((papers::id.eq(10 * round + id), papers::title.eq(format!("{round} {id}"))))
                    .execute(conn))?;
            }
            go!(diesel::insert_into(labels::table)
                .values((labels::paper_id.eq(round), labels::label.eq("one")))
                .execute(conn))?;
            db.create(mishap);
            let report = go!(schema().check(conn))?;
            assert!(!report.is_ok(), "{mishap}: {report}");
            go!(schema().install(conn))?;
            let report = go!(schema().check(conn))?;
            assert!(report.is_ok(), "{mishap}: {report}");
            assert!(go!(schema().plan(conn))?.is_empty(), "{mishap}");
            let before = go!(diesel::sql_query(GREATEST).get_result::<Number>(conn))?.n;
            go!(diesel::insert_into(authors::table)
                .values((authors::id.eq(round + 1), authors::name.eq(format!("Ann {round}"))))
                .execute(conn))?;
            let after = go!(diesel::sql_query(LAST).get_result::<Number>(conn))?.n;
            assert!(after > before, "{mishap}: {after} after {before}");
            // Not further than needed.
            assert!(after < before + 100, "{mishap}: {after} after {before}");
        }
    }

    /// The records come from a server whose numbers were higher: a dump that was
    /// loaded, a failover.
    async fn records_with_higher_numbers(db: tables, conn) {
        for id in 1..=3 {
            go!(diesel::insert_into(papers::table)
                .values((papers::id.eq(id), papers::title.eq(format!("old {id}"))))
                .execute(conn))?;
        }
        behind_the_door(&db, "UPDATE paper_records SET record_id = record_id + 7000000");
        let report = go!(schema().check(conn))?;
        assert!(begins_again(&report), "{report}");
        assert!(report.to_string().contains("the next record would be number "), "{report}");
        go!(schema().install(conn))?;
        assert!(go!(schema().check(conn))?.is_ok());
        go!(diesel::update(papers::table.find(1)).set(papers::title.eq("new")).execute(conn))?;
        go!(diesel::delete(papers::table.find(2)).execute(conn))?;
        // The newest state is the state of now; a deleted row comes back as it was last.
        let now = go!(handleref::history::latest_record(conn))?;
        let titles = papers::table.order(papers::id).select(papers::title);
        let then = go!(titles.as_of::<Paper>(now).load::<String>(conn))?;
        assert_eq!(then, ["new", "old 3"]);
        assert_eq!(go!(Paper::reinsert(conn, &2))?.title, "old 2");
        go!(diesel::update(papers::table.find(2)).set(papers::title.eq("newest")).execute(conn))?;
        go!(diesel::delete(papers::table.find(2)).execute(conn))?;
        assert_eq!(go!(Paper::reinsert(conn, &2))?.title, "newest");
    }

    /// Baselines have negative numbers of the same counter.
    async fn baselines_count_too(db: filled, conn) {
        go!(Paper::backfill().execute(conn))?;
        go!(Label::backfill().execute(conn))?;
        go!(schema().install(conn))?;
        behind_the_door(&db, "UPDATE label_history SET record_id = record_id - 7000000");
        assert!(begins_again(&go!(schema().check(conn))?));
        go!(schema().install(conn))?;
        assert!(go!(schema().check(conn))?.is_ok());
        go!(diesel::update(papers::table.find(1)).set(papers::title.eq("new")).execute(conn))?;
        let after = go!(diesel::sql_query("SELECT max(record_id) AS n FROM paper_records").get_result::<Number>(conn))?.n;
        assert!(after > 7_000_000, "{after}");
    }

    /// A list of record tables that was lost is made again, past their numbers.
    async fn a_lost_list(db: tables, conn) {
        go!(diesel::insert_into(papers::table)
            .values((papers::id.eq(1), papers::title.eq("one")))
            .execute(conn))?;
        behind_the_door(&db, "UPDATE paper_records SET record_id = record_id + 7000000");
        db.create("DELETE FROM handleref_recordings");
        go!(schema().install(conn))?;
        let report = go!(schema().check(conn))?;
        assert!(report.is_ok(), "{report}");
        go!(Paper::backfill().execute(conn))?;
        go!(diesel::update(papers::table.find(1)).set(papers::title.eq("new")).execute(conn))?;
        let now = go!(handleref::history::latest_record(conn))?;
        let titles = papers::table.select(papers::title).as_of::<Paper>(now);
        assert_eq!(go!(titles.load::<String>(conn))?, ["new"]);
    }
}

use crate::support::recorded::filled;

mod an_installation_from_before {
    #[allow(unused_imports)]
    use super::*;

    /// Triggers that numbered by `UUID_SHORT()` give way, and the order goes on.
    #[cfg(feature = "mysql")]
    #[test]
    fn mysql() -> crate::support::Done {
        use diesel::RunQueryDsl;
        let db = Db::mysql();
        tables(&db);
        let conn = &mut db.connect::<diesel::MysqlConnection>();
        diesel::sql_query("INSERT INTO papers (id, title) VALUES (1, 'one')").execute(conn)?;
        behind_the_door(
            &db,
            "UPDATE paper_records SET record_id = UUID_SHORT() & 0x7FFFFFFFFFFFFFFF",
        );
        db.execute("DROP TABLE IF EXISTS handleref_record_id, handleref_numbers");
        schema().install(conn)?;
        assert!(schema().check(conn)?.is_ok());
        // What a trigger from before may still have written, while they were replaced.
        let between = "SELECT CAST(UUID_SHORT() & 0x7FFFFFFFFFFFFFFF AS SIGNED) AS n";
        let between = diesel::sql_query(between).get_result::<Number>(conn)?.n;
        diesel::sql_query("UPDATE papers SET title = 'new'").execute(conn)?;
        let last = diesel::sql_query("SELECT max(record_id) AS n FROM paper_records");
        let last = last.get_result::<Number>(conn)?.n;
        assert!(last > between, "{last} after {between}");
        Ok(())
    }
}
