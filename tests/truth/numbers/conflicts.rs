//! Where the next number is taken, the statement fails, whatever it says of conflicts.

use super::{Number, behind_the_door};
use crate::support::recorded::papers as tables;
use crate::support::recorded::{Paper, papers};
use crate::support::{Db, Engine, each_engine};
use diesel::QueryDsl;
use diesel::prelude::ExpressionMethods;

/// Statements that ignore or replace what collides, as the engine has them.
fn lenient(db: &Db) -> Vec<&'static str> {
    match db.engine {
        Engine::Sqlite => vec![
            "UPDATE OR IGNORE papers SET title = 'new' WHERE id = 1",
            "UPDATE OR REPLACE papers SET title = 'new' WHERE id = 1",
            "UPDATE OR FAIL papers SET title = 'new' WHERE id = 1",
            "UPDATE OR IGNORE papers SET id = 11 WHERE id = 1",
            "INSERT OR IGNORE INTO papers (id, title) VALUES (9, 'new')",
            "INSERT OR REPLACE INTO papers (id, title) VALUES (9, 'new')",
            "INSERT OR FAIL INTO papers (id, title) VALUES (9, 'new')",
            "REPLACE INTO papers (id, title) VALUES (1, 'new')",
            "INSERT INTO papers (id, title) VALUES (1, 'new') ON CONFLICT DO UPDATE SET title = excluded.title",
            "UPDATE OR IGNORE labels SET weight = 2",
            "INSERT OR IGNORE INTO labels (paper_id, label) VALUES (2, 'two')",
            "INSERT OR REPLACE INTO labels (paper_id, label) VALUES (1, 'one')",
            "DELETE FROM papers WHERE id = 1",
        ],
        Engine::Postgres => vec![
            "UPDATE papers SET title = 'new' WHERE id = 1",
            "INSERT INTO papers (id, title) VALUES (9, 'new') ON CONFLICT DO NOTHING",
            "INSERT INTO papers (id, title) VALUES (1, 'new') ON CONFLICT (id) DO UPDATE SET title = excluded.title",
            "DELETE FROM papers WHERE id = 1",
        ],
        Engine::Mysql => vec![
            "UPDATE IGNORE papers SET title = 'new' WHERE id = 1",
            "INSERT IGNORE INTO papers (id, title) VALUES (9, 'new')",
            "REPLACE INTO papers (id, title) VALUES (9, 'new')",
            "INSERT INTO papers (id, title) VALUES (1, 'new') ON DUPLICATE KEY UPDATE title = 'new'",
            "DELETE IGNORE FROM papers WHERE id = 1",
        ],
    }
}

/// Takes the next numbers of the counter.
fn take(db: &Db) {
    match db.engine {
        Engine::Sqlite => db.execute("UPDATE handleref_context SET tick = 0"),
        Engine::Postgres => db.execute("ALTER SEQUENCE handleref_record_id RESTART WITH 5"),
        Engine::Mysql => {
            // One record has each of the numbers that are given next.
            for ahead in 1..=60 {
                behind_the_door(
                    db,
                    &format!(
                        "INSERT INTO paper_records (record_id, record_version, record_operation, recorded_at) \
                         SELECT max(record_id) + 1, {ahead}, 'baseline', UTC_TIMESTAMP(6) FROM paper_records"
                    ),
                );
            }
        }
    }
}

const COUNT: &str = "SELECT count(*) AS n FROM paper_records";

each_engine! {
    /// Nothing is written: neither the row, nor over another record.
    async fn a_taken_number_refuses_the_statement(db: tables, conn) {
        for id in 1..=8 {
            go!(diesel::insert_into(papers::table)
                .values((papers::id.eq(id), papers::title.eq(format!("old {id}"))))
                .execute(conn))?;
        }
        go!(diesel::sql_query("INSERT INTO labels (paper_id, label, weight) VALUES (1, 'one', 1)").execute(conn))?;
        take(&db);
        let records = go!(diesel::sql_query(COUNT).get_result::<Number>(conn))?.n;
        for statement in lenient(&db) {
            let result = go!(diesel::sql_query(statement).execute(conn));
            assert!(result.is_err(), "{statement}: {result:?}");
            assert_eq!(go!(diesel::sql_query(COUNT).get_result::<Number>(conn))?.n, records, "{statement}");
            let titles = papers::table.order(papers::id).select(papers::title);
            let titles = go!(titles.load::<String>(conn))?;
            let old: Vec<String> = (1..=8).map(|id| format!("old {id}")).collect();
            assert_eq!(titles, old, "{statement}");
            let labels = go!(diesel::sql_query("SELECT count(*) AS n FROM labels WHERE weight = 1").get_result::<Number>(conn))?;
            assert_eq!(labels.n, 1, "{statement}");
        }
        // And what was refused is said.
        if db.engine == Engine::Sqlite {
            let error = go!(diesel::sql_query("UPDATE papers SET title = 'new'").execute(conn)).unwrap_err();
            assert!(error.to_string().contains("the numbers of records begin again"), "{error}");
        }
    }
}

mod without_its_row {
    use super::*;

    /// The triggers' one row is gone: writers are refused, not left unrecorded.
    #[cfg(feature = "sqlite")]
    #[test]
    fn sqlite() -> crate::support::Done {
        use diesel::RunQueryDsl;
        let db = Db::sqlite();
        tables(&db);
        let conn = &mut db.connect::<diesel::SqliteConnection>();
        diesel::sql_query("INSERT INTO papers (id, title) VALUES (1, 'old 1')").execute(conn)?;
        diesel::sql_query("DELETE FROM handleref_context").execute(conn)?;
        for statement in lenient(&db) {
            if statement.contains("labels SET") {
                continue;
            }
            let error = diesel::sql_query(statement).execute(conn).unwrap_err();
            assert!(
                error.to_string().contains("`install` brings it back"),
                "{statement}: {error}"
            );
        }
        let schema = handleref::schema![
            crate::support::recorded::Author,
            Paper,
            crate::support::recorded::Label
        ];
        assert!(!schema.check(conn)?.is_ok());
        schema.install(conn)?;
        assert!(schema.check(conn)?.is_ok());
        diesel::sql_query("UPDATE papers SET title = 'new'").execute(conn)?;
        assert_eq!(diesel::sql_query(COUNT).get_result::<Number>(conn)?.n, 2);
        Ok(())
    }
}
