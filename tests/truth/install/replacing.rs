//! Triggers are replaced while others write: every write is recorded.

use crate::support::{Db, Engine};
use diesel::Connection;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use handleref::__private::Roles;
use handleref::__private::facts::{Capture, RecordedColumn, Recording};
use handleref::schema::{ModelSchema, Schema};
use std::sync::atomic::{AtomicBool, Ordering};

diesel::table! { notes { id -> Integer, version -> BigInt, } }

const VERSION: Roles = Roles::NONE.with_version::<notes::version>();
const PLAIN: &[RecordedColumn] = &[
    RecordedColumn::new("id"),
    RecordedColumn::new("title"),
    RecordedColumn::new("body"),
    RecordedColumn::new("version"),
];
const SKIPPED: &[RecordedColumn] = &[
    RecordedColumn::new("id"),
    RecordedColumn::new("title"),
    RecordedColumn::new("body").with_capture(Capture::Skipped(Some("'left out'"))),
    RecordedColumn::new("version"),
];

/// A model of `notes`; what is recorded of its body, all triggers depend on.
pub(super) fn notes(engine: Engine, columns: &'static [RecordedColumn]) -> Schema {
    let table = match engine {
        Engine::Mysql => "`notes`",
        _ => "\"notes\"",
    };
    let model = ModelSchema::described("Note", table, VERSION, &["id"]);
    Schema::new([model.with_recording(Recording::new("note_records", columns))])
}

/// Two schemas whose triggers differ.
pub(super) fn two(engine: Engine) -> [Schema; 2] {
    [notes(engine, PLAIN), notes(engine, SKIPPED)]
}

pub(super) fn count<C>(conn: &mut C, of: &str) -> i64
where
    C: Connection,
    diesel::dsl::select<diesel::expression::SqlLiteral<BigInt>>:
        diesel::query_dsl::LoadQuery<'static, C, i64>,
{
    diesel::select(diesel::dsl::sql::<BigInt>(&format!(
        "(SELECT count(*) FROM {of})"
    )))
    .get_result(conn)
    .unwrap()
}

/// Ends the writers when it goes.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Writers update rows and insert new ones while triggers are replaced.
macro_rules! under_writers {
    ($conn:ty, $engine:expr, $db:expr) => {{
        let db: Db = $db;
        db.create("CREATE TABLE notes (id {KEY} PRIMARY KEY, title {TEXT} NOT NULL, body {TEXT}, version BIGINT NOT NULL DEFAULT 1)");
        let [one, other] = two($engine);
        let mut conn: $conn = db.connect();
        one.install(&mut conn).unwrap();
        let done = AtomicBool::new(false);
        let writer = |start: i32| {
            let mut conn: $conn = db.connect();
            conn.batch_execute(&format!("INSERT INTO notes (id, title) VALUES ({start}, 'first')")).unwrap();
            let mut writes = 1;
            while !done.load(Ordering::Relaxed) {
                let sql = match writes % 3 {
                    0 => format!("INSERT INTO notes (id, title) VALUES ({}, 'new')", start + writes),
                    1 => format!("UPDATE notes SET title = 'title {writes}' WHERE id = {start}"),
                    _ => format!("UPDATE notes SET title = 'title {writes}', version = version + 1 WHERE id = {start}"),
                };
                conn.batch_execute(&sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
                writes += 1;
            }
            i64::from(writes)
        };
        let writes = std::thread::scope(|scope| {
            // Whatever happens here, the writers end.
            let stop = Stop(&done);
            let writers = [0, 1_000_000].map(|start| scope.spawn(move || writer(start)));
            for turn in 0..40 {
                let schema = if turn % 2 == 0 { &other } else { &one };
                let plan = schema.install(&mut conn).unwrap();
                assert!(!plan.is_empty(), "the triggers are replaced");
            }
            drop(stop);
            writers.map(|writer| writer.join().unwrap())
        });
        let records = count(&mut conn, "note_records");
        assert_eq!(records, writes.iter().sum::<i64>());
        // And every version of the two rows is there once.
        for row in [0, 1_000_000] {
            let versions = format!("note_records r JOIN notes n ON n.id = r.id AND n.id = {row} AND r.record_version <= n.version");
            let last = format!("(SELECT version FROM notes WHERE id = {row}) v WHERE version = (SELECT count(DISTINCT record_version) FROM {versions})");
            assert_eq!(count(&mut conn, &last), 1);
        }
    }};
}

mod no_write_goes_unrecorded {
    #[allow(unused_imports)]
    use super::*;

    #[cfg(feature = "sqlite")]
    #[test]
    fn sqlite() {
        under_writers!(diesel::SqliteConnection, Engine::Sqlite, Db::sqlite());
    }
    #[cfg(feature = "postgres")]
    #[test]
    fn postgres() {
        under_writers!(diesel::PgConnection, Engine::Postgres, Db::postgres());
    }
    #[cfg(feature = "mysql")]
    #[test]
    fn mysql() {
        under_writers!(diesel::MysqlConnection, Engine::Mysql, Db::mysql());
    }
}
