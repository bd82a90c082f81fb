//! Migrations that were written in one database and are applied to another one.

use crate::support::{Db, Engine};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use handleref::prelude::*;
use std::path::{Path, PathBuf};

mod model {
    use diesel::prelude::*;
    use handleref::{HandleRef, Recorded};

    diesel::table! {
        memos (id) { id -> Integer, title -> Text, version -> BigInt, }
    }

    #[derive(
        Debug, Clone, Queryable, Selectable, Identifiable, HandleRef, Recorded, serde::Serialize,
    )]
    #[diesel(table_name = memos)]
    pub(super) struct Memo {
        pub(super) id: i32,
        pub(super) title: String,
        pub(super) version: i64,
    }
}
use model::{Memo, memos};

fn bare(db: &Db, rows: i32) {
    db.create("CREATE TABLE memos (id {KEY} PRIMARY KEY, title {TEXT} NOT NULL, version BIGINT NOT NULL DEFAULT 1)");
    for id in 1..=rows {
        db.create(&format!(
            "INSERT INTO memos (id, title) VALUES ({id}, 'old')"
        ));
    }
}

/// A folder for migrations, gone with the test.
struct Folder(PathBuf);

impl Folder {
    fn of(db: &Db) -> Self {
        let name: String = db.url.chars().filter(char::is_ascii_alphanumeric).collect();
        let folder = std::env::temp_dir().join(format!("migrations_{name}"));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    /// The files in order, for another database. On PostgreSQL that is a schema
    /// of one server here.
    fn up(&self, dev: &Db, production: &Db) -> Vec<String> {
        let schema = |db: &Db| db.url.rsplit("%3D").next().unwrap().to_owned();
        let (here, there) = (schema(dev), schema(production));
        let mut folders: Vec<PathBuf> = std::fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        folders.sort();
        let text = |folder: &PathBuf| {
            let text = std::fs::read_to_string(Path::new(folder).join("up.sql")).unwrap();
            text.replace(&here, &there)
        };
        folders.iter().map(text).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

macro_rules! good {
    ($report:expr) => {
        let report = $report.unwrap();
        assert!(report.is_ok(), "{report}");
    };
}

/// Diesel's migrations are transactions, but for MySQL.
macro_rules! migrate {
    ($engine:expr, $conn:expr, $sql:expr) => {
        match $engine {
            Engine::Mysql => $conn.batch_execute($sql),
            _ => $conn.transaction(|conn| conn.batch_execute($sql)),
        }
    };
}

/// The guide's order: install, backfill, install again, each as a file.
macro_rules! in_production {
    ($conn:ty, $engine:expr, $new:expr) => {{
        let (dev, production): (Db, Db) = ($new, $new);
        bare(&dev, 3);
        bare(&production, 60);
        let folder = Folder::of(&dev);
        let schema = handleref::schema![Memo];
        let conn: &mut $conn = &mut dev.connect();
        schema
            .plan(conn)
            .unwrap()
            .write_migration(&folder.0, "first")
            .unwrap()
            .unwrap();
        schema.install(conn).unwrap();
        Memo::backfill().execute(conn).unwrap();
        // Triggers that look for baselines are no problem, but slower than needed.
        good!(schema.check(conn));
        let second = schema.plan(conn).unwrap();
        assert!(!second.is_empty());
        second
            .write_migration(&folder.0, "second")
            .unwrap()
            .unwrap();
        schema.install(conn).unwrap();
        assert!(schema.plan(conn).unwrap().is_empty());

        let conn: &mut $conn = &mut production.connect();
        let [first, second] = folder.up(&dev, &production).try_into().unwrap();
        migrate!($engine, conn, &first).unwrap();
        let refused = migrate!($engine, conn, &second).unwrap_err().to_string();
        assert!(
            refused.contains("no baseline in this database"),
            "{refused}"
        );
        good!(schema.check(conn));
        conn.batch_execute(
            "UPDATE memos SET title = 'new' WHERE id = 7; DELETE FROM memos WHERE id = 8",
        )
        .unwrap();
        Memo::backfill().execute(conn).unwrap();
        let began: i64 =
            diesel::dsl::sql::<BigInt>("SELECT began_record FROM handleref_recordings")
                .get_result(conn)
                .unwrap();
        let then = memos::table.as_of::<Memo>(handleref::history::RecordNo(began));
        let titles: Vec<String> = then
            .load::<(i32, String, i64)>(conn)
            .unwrap()
            .into_iter()
            .map(|row| row.1)
            .collect();
        assert_eq!(titles, vec!["old"; 60]);
        migrate!($engine, conn, &second).unwrap();
        good!(schema.check(conn));
        assert!(schema.plan(conn).unwrap().is_empty());
    }};
}

/// Written where the table was empty, applied where it has rows.
macro_rules! from_an_empty_table {
    ($conn:ty, $engine:expr, $new:expr) => {{
        let (dev, production): (Db, Db) = ($new, $new);
        bare(&dev, 0);
        bare(&production, 3);
        let folder = Folder::of(&dev);
        let schema = handleref::schema![Memo];
        let conn: &mut $conn = &mut dev.connect();
        schema
            .plan(conn)
            .unwrap()
            .write_migration(&folder.0, "first")
            .unwrap()
            .unwrap();
        let [file] = folder.up(&dev, &dev).try_into().unwrap();
        // Where there is nothing to write a baseline of, it is right as well.
        migrate!($engine, conn, &file).unwrap();
        good!(schema.check(conn));
        schema.install(conn).unwrap();
        assert!(schema.plan(conn).unwrap().is_empty());

        let conn: &mut $conn = &mut production.connect();
        let [file] = folder.up(&dev, &production).try_into().unwrap();
        migrate!($engine, conn, &file).unwrap();
        good!(schema.check(conn));
        conn.batch_execute("UPDATE memos SET title = 'new' WHERE id = 2")
            .unwrap();
        conn.batch_execute("DELETE FROM memos WHERE id = 3")
            .unwrap();
        Memo::backfill().execute(conn).unwrap();
        let began: i64 =
            diesel::dsl::sql::<BigInt>("SELECT began_record FROM handleref_recordings")
                .get_result(conn)
                .unwrap();
        let then = memos::table.as_of::<Memo>(handleref::history::RecordNo(began));
        let titles: Vec<String> = then
            .load::<(i32, String, i64)>(conn)
            .unwrap()
            .into_iter()
            .map(|row| row.1)
            .collect();
        assert_eq!(titles, ["old"; 3]);
    }};
}

/// Rows were changed under triggers that write no baselines, before the backfill:
/// what they were is lost, and the past that would lack them is refused.
macro_rules! lost_beginnings {
    ($conn:ty, $engine:expr, $new:expr) => {{
        let db: Db = $new;
        bare(&db, 0);
        let schema = handleref::schema![Memo];
        let conn: &mut $conn = &mut db.connect();
        schema.install(conn).unwrap();
        handleref::maintain::without_recording(conn, "a test", |conn: &mut $conn| {
            conn.batch_execute(
                "INSERT INTO memos (id, title) VALUES (1, 'old'), (2, 'old'), (3, 'old')",
            )?;
            Ok::<_, handleref::Error>(())
        })
        .unwrap();
        conn.batch_execute("UPDATE handleref_recordings SET backfilled = 0")
            .unwrap();
        conn.batch_execute("UPDATE memos SET title = 'new' WHERE id = 2")
            .unwrap();
        conn.batch_execute("DELETE FROM memos WHERE id = 3")
            .unwrap();
        let report = schema.check(conn).unwrap().to_string();
        assert!(report.contains("2 rows"), "{report}");
        schema.install(conn).unwrap();
        Memo::backfill().execute(conn).unwrap();
        let number = |conn: &mut $conn, of: &str| {
            diesel::dsl::sql::<BigInt>(of)
                .get_result::<i64>(conn)
                .unwrap()
        };
        let began = number(conn, "SELECT began_record FROM handleref_recordings");
        let then = memos::table
            .as_of::<Memo>(handleref::history::RecordNo(began))
            .load::<(i32, String, i64)>(conn);
        let refused = then.unwrap_err().to_string();
        assert!(refused.contains("does not reach back so far"), "{refused}");
        let last = number(conn, "SELECT max(record_id) FROM memo_records");
        let now = memos::table.as_of::<Memo>(handleref::history::RecordNo(last));
        assert_eq!(now.load::<(i32, String, i64)>(conn).unwrap().len(), 2);
        good!(schema.check(conn));
    }};
}

on_each_engine! {
    a_second_file_before_the_backfill in_production;
    a_file_of_an_empty_table from_an_empty_table;
    what_was_lost_is_refused lost_beginnings;
}
