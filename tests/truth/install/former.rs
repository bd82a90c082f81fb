//! PostgreSQL: a database with the update triggers of the library before is carried
//! over while others write, and no change goes unrecorded.

use crate::support::{Db, Done};
use chrono::NaiveDateTime;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use handleref::{HandleRef, Recorded};
use std::sync::atomic::{AtomicBool, Ordering};

diesel::table! {
    entries (id) {
        id -> Integer,
        title -> Text,
        body -> Nullable<Text>,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        deleted_at -> Nullable<Timestamp>,
    }
}

#[allow(dead_code)]
#[derive(Debug, Clone, Queryable, Selectable, HandleRef, Recorded)]
#[diesel(table_name = entries)]
struct Entry {
    id: i32,
    title: String,
    body: Option<String>,
    version: i64,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
    deleted_at: Option<NaiveDateTime>,
}

/// Ends the writers when it goes.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn update_triggers() -> Done {
    let db = Db::postgres();
    let conn = &mut db.connect::<PgConnection>();
    conn.batch_execute(
        "CREATE TABLE entries (id INTEGER PRIMARY KEY, title TEXT NOT NULL, body TEXT)",
    )?;
    let schema = handleref::schema![Entry];
    schema.install(conn)?;
    conn.batch_execute(
        "INSERT INTO entries (id, title) SELECT i, 'first' FROM generate_series(1, 20) AS s (i)",
    )?;
    let here = diesel::dsl::sql::<diesel::sql_types::Text>("SELECT current_schema()::text");
    let here: String = here.get_result(conn)?;
    let former = include_str!("former.sql").replace("home", &here);
    for _ in 0..5 {
        conn.batch_execute(&format!("BEGIN; {former}; COMMIT"))?;
        assert!(
            !schema.check(conn)?.is_ok(),
            "these are not the triggers of today"
        );
        let done = AtomicBool::new(false);
        let writer = |start: i32| {
            let mut conn: PgConnection = db.connect();
            let mut at = 0;
            while !done.load(Ordering::Relaxed) {
                at += 1;
                let set = match at % 4 {
                    0 => {
                        "deleted_at = CASE WHEN deleted_at IS NULL THEN '2026-01-01'::timestamp END"
                    }
                    1 => {
                        "title = title || 'x', version = version + 1, updated_at = statement_timestamp() AT TIME ZONE 'UTC'"
                    }
                    2 => "title = left(title || 'y', 5), body = version",
                    _ => "body = 'z' || version",
                };
                let sql =
                    format!("UPDATE entries SET {set} WHERE id BETWEEN {start} AND {start} + 9");
                conn.batch_execute(&sql)
                    .unwrap_or_else(|error| panic!("{error}: {sql}"));
            }
        };
        std::thread::scope(|scope| {
            let stop = Stop(&done);
            let writers = [1, 11].map(|start| scope.spawn(move || writer(start)));
            std::thread::sleep(std::time::Duration::from_millis(50));
            schema.install(conn)?;
            std::thread::sleep(std::time::Duration::from_millis(50));
            drop(stop);
            for writer in writers {
                writer.join().unwrap();
            }
            Ok::<_, handleref::Error>(())
        })?;
        assert!(schema.check(conn)?.is_ok());
    }
    // Every version of every row has one record, and the newest is the row.
    for (what, sql) in [
        (
            "versions",
            "SELECT count(*) FROM entries e WHERE e.version IS DISTINCT FROM \
             (SELECT count(DISTINCT record_version) FROM entry_records r WHERE r.id = e.id AND r.record_version <= e.version)",
        ),
        (
            "repeated records",
            "SELECT count(*) FROM (SELECT FROM entry_records GROUP BY id, record_version HAVING count(*) > 1) AS more",
        ),
        (
            "states",
            "SELECT count(*) FROM entries e JOIN LATERAL (SELECT * FROM entry_records r WHERE r.id = e.id \
             ORDER BY record_id DESC LIMIT 1) r ON true WHERE (r.title, r.body, r.version, r.updated_at, r.deleted_at) \
             IS DISTINCT FROM (e.title, e.body, e.version, e.updated_at, e.deleted_at)",
        ),
        (
            "times",
            "SELECT count(*) FROM (SELECT recorded_at < lag(recorded_at) OVER (PARTITION BY id ORDER BY record_id) AS back \
             FROM entry_records) AS r WHERE back",
        ),
    ] {
        let wrong = diesel::dsl::sql::<diesel::sql_types::BigInt>(sql);
        assert_eq!(wrong.get_result::<i64>(conn)?, 0, "{what}");
    }
    Ok(())
}
