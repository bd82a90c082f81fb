//! The tables of our own are compared, too, and know which library made them.

use super::replacing::{count, two};
use crate::support::{Db, Engine};
use diesel::connection::SimpleConnection;
use handleref::Error;
use handleref::schema::{ProblemKind, Schema};

fn notes(db: &Db) {
    db.create("CREATE TABLE notes (id {KEY} PRIMARY KEY, title {TEXT} NOT NULL, body {TEXT}, version BIGINT NOT NULL DEFAULT 1)");
}

/// What `install` refuses.
fn refused<T: std::fmt::Debug>(result: Result<T, Error>) -> Vec<ProblemKind> {
    match result {
        Err(Error::Schema(problems)) => problems.into_iter().map(|problem| problem.kind).collect(),
        other => panic!("{other:?}"),
    }
}

macro_rules! dropped_columns {
    ($conn:ty, $engine:expr, $new:expr) => {{
        let db: Db = $new;
        notes(&db);
        let [schema, _]: [Schema; 2] = two($engine);
        let conn: &mut $conn = &mut db.connect();
        schema.install(conn).unwrap();
        for (table, column, back) in [
            ("handleref_changesets", "comment", true),
            ("handleref_changesets", "last_record", true),
            ("handleref_recordings", "horizon_at", true),
            ("handleref_events", "detail", true),
            ("handleref_holds", "key_text", true),
            ("handleref_holds", "reason", false),
            ("handleref_database", "token", false),
        ] {
            conn.batch_execute(&format!("ALTER TABLE {table} DROP COLUMN {column}"))
                .unwrap();
            let report = schema.check(conn).unwrap();
            let named = report
                .iter()
                .any(|it| it.table == table && it.column.as_deref() == Some(column));
            assert!(named, "{table}.{column}: {report}");
            match back {
                true => drop(schema.install(conn).unwrap()),
                false => assert!(refused(schema.install(conn)).contains(&ProblemKind::LostColumn)),
            }
        }
        // The advice of the refusals.
        conn.batch_execute("DROP TABLE handleref_holds; DROP TABLE handleref_database")
            .unwrap();
        schema.install(conn).unwrap();
        let report = schema.check(conn).unwrap();
        assert!(report.is_ok(), "{report}");
    }};
}

macro_rules! a_lost_row {
    ($conn:ty, $engine:expr, $new:expr) => {{
        let db: Db = $new;
        notes(&db);
        let [schema, _]: [Schema; 2] = two($engine);
        let conn: &mut $conn = &mut db.connect();
        schema.install(conn).unwrap();
        conn.batch_execute("INSERT INTO notes (id, title) VALUES (1, 'a')").unwrap();
        conn.batch_execute("UPDATE notes SET title = 'b'").unwrap();
        let tables: &[&str] = match $engine {
            Engine::Sqlite => &["handleref_database", "handleref_context"],
            _ => &["handleref_database"],
        };
        for table in tables {
            conn.batch_execute(&format!("DELETE FROM {table}")).unwrap();
            let report = schema.check(conn).unwrap();
            assert!(report.iter().any(|it| it.table == *table), "{report}");
            schema.install(conn).unwrap();
            let report = schema.check(conn).unwrap();
            assert!(report.is_ok(), "{report}");
            assert_eq!(count(conn, table), 1);
        }
        // The numbers go on where they were.
        conn.batch_execute("UPDATE notes SET title = 'c'").unwrap();
        let newest = "note_records WHERE record_version = 3 AND record_id = (SELECT max(record_id) FROM note_records)";
        assert_eq!(count(conn, newest), 1);
    }};
}

macro_rules! another_library {
    ($conn:ty, $engine:expr, $new:expr) => {{
        let db: Db = $new;
        notes(&db);
        let [schema, newer]: [Schema; 2] = two($engine);
        let conn: &mut $conn = &mut db.connect();
        schema.install(conn).unwrap();
        conn.batch_execute("UPDATE handleref_database SET layout = 99")
            .unwrap();
        let found =
            |kind: &ProblemKind| matches!(kind, ProblemKind::NewerLibrary { found: 99, .. });
        // Neither what is as it was nor what is to be altered.
        for schema in [&schema, &newer] {
            let report = schema.check(conn).unwrap();
            assert!(report.iter().any(|it| found(&it.kind)), "{report}");
            let plan = schema.plan(conn).unwrap();
            assert!(plan.problems().iter().any(|it| found(&it.kind)));
            assert!(refused(schema.install(conn)).iter().any(found));
        }
        conn.batch_execute("INSERT INTO notes (id, title) VALUES (1, 'recorded')")
            .unwrap();
        assert_eq!(count(conn, "note_records"), 1);
        conn.batch_execute("UPDATE handleref_database SET layout = 0")
            .unwrap();
        let report = schema.check(conn).unwrap();
        assert!(report.to_string().contains("older version"), "{report}");
        schema.install(conn).unwrap();
        assert!(schema.check(conn).unwrap().is_ok());
        assert!(schema.plan(conn).unwrap().is_empty());
    }};
}

on_each_engine! {
    a_column_that_was_dropped dropped_columns;
    the_one_row_of_a_table a_lost_row;
    a_newer_and_an_older_library another_library;
}
