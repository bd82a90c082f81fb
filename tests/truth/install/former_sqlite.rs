//! SQLite: a database with the triggers of the library before, and without the columns
//! that those of today need, is carried over.

use crate::support::{Db, Done};
use chrono::NaiveDateTime;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use handleref::{HandleRef, Recorded};

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

/// One of each, on the rows from a key on.
fn write(conn: &mut SqliteConnection, from: i32) -> Done {
    let sql = [
        "INSERT INTO entries (id, title) VALUES ($, 'a'), ($ + 1, 'b'), ($ + 2, 'c'), ($ + 3, 'd')",
        "UPDATE entries SET title = title || '.'",
        "UPDATE entries SET title = title || '!', version = version + 1, updated_at = max(updated_at, strftime('%Y-%m-%d %H:%M:%f', 'now'))",
        "UPDATE entries SET version = version + 1 WHERE id = $",
        "UPDATE entries SET deleted_at = updated_at WHERE id = $ + 1",
        "UPDATE entries SET id = $ + 9 WHERE id = $ + 2",
        "DELETE FROM entries WHERE id = $ + 3",
        "INSERT INTO entries (id, title) VALUES ($ + 3, 'again')",
        "REPLACE INTO entries (id, title) VALUES ($, 'other')",
    ];
    for sql in sql {
        conn.batch_execute(&sql.replace('$', &from.to_string()))?;
    }
    Ok(())
}

/// What must be so of any records, whoever wrote them.
fn sound(conn: &mut SqliteConnection) -> Done {
    for (what, sql) in [
        (
            "lost or repeated versions",
            "SELECT count(*) FROM (SELECT 1 FROM entry_records GROUP BY id \
             HAVING count(*) <> count(DISTINCT record_version) OR count(*) <> max(record_version) - min(record_version) + 1)",
        ),
        (
            "states",
            "SELECT count(*) FROM entries AS e LEFT JOIN entry_records AS r ON r.record_id = \
             (SELECT max(record_id) FROM entry_records WHERE id = e.id) WHERE (e.title, e.version, e.updated_at, e.deleted_at) \
             IS NOT (r.title, r.version, r.updated_at, r.deleted_at) OR r.record_operation IS 'delete'",
        ),
        (
            "times",
            "SELECT count(*) FROM entry_records AS a JOIN entry_records AS b ON a.record_id < b.record_id \
             AND a.recorded_at > b.recorded_at",
        ),
    ] {
        let wrong = diesel::dsl::sql::<diesel::sql_types::BigInt>(sql);
        assert_eq!(wrong.get_result::<i64>(conn)?, 0, "{what}");
    }
    Ok(())
}

fn recorded(db: &Db) -> Result<SqliteConnection, Box<dyn std::error::Error + Send + Sync>> {
    let mut conn = db.connect::<SqliteConnection>();
    conn.batch_execute(
        "CREATE TABLE entries (id INTEGER PRIMARY KEY, title TEXT NOT NULL, body TEXT)",
    )?;
    handleref::schema![Entry].install(&mut conn)?;
    Ok(conn)
}

fn carried_over(former: &str) -> Done {
    let db = Db::sqlite();
    let conn = &mut recorded(&db)?;
    let schema = handleref::schema![Entry];
    conn.batch_execute(&format!("BEGIN; {former} COMMIT"))?;
    write(conn, 10)?;
    assert!(!schema.check(conn)?.is_ok(), "this is not how it is today");
    schema.install(conn)?;
    assert!(schema.check(conn)?.is_ok());
    write(conn, 30)?;
    sound(conn)
}

#[test]
fn triggers_and_context() -> Done {
    carried_over(include_str!("former_sqlite.sql"))
}

#[test]
fn the_trigger_on_updates() -> Done {
    carried_over(include_str!("former_sqlite_update.sql"))
}

/// What takes the records of updates is missed: no update goes through without one.
#[test]
fn the_view_of_records() -> Done {
    let db = Db::sqlite();
    let conn = &mut recorded(&db)?;
    let schema = handleref::schema![Entry];
    write(conn, 10)?;
    for harm in [
        "DROP VIEW handleref_record_entries",
        "DROP TRIGGER handleref_record_entries",
    ] {
        conn.batch_execute(harm)?;
        let refused = conn.batch_execute("UPDATE entries SET title = 'unseen'");
        assert!(refused.is_err(), "{harm}");
        let report = schema.check(conn)?;
        assert!(
            report.to_string().contains("handleref_record_entries"),
            "{report}"
        );
        schema.install(conn)?;
        assert!(schema.check(conn)?.is_ok(), "{harm}");
    }
    conn.batch_execute(
        "DROP TRIGGER handleref_record_entries; CREATE TRIGGER handleref_record_entries \
         INSTEAD OF INSERT ON handleref_record_entries BEGIN SELECT 1; END",
    )?;
    assert!(!schema.check(conn)?.is_ok());
    schema.install(conn)?;
    assert!(schema.check(conn)?.is_ok());
    write(conn, 30)?;
    sound(conn)
}
