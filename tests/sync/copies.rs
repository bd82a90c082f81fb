//! Copies of a database, backups that were restored, and record tables from
//! before there were cursors.

use crate::posts::{Topic, recorded, topics};
use crate::support::Db;
use diesel::prelude::*;
use handleref::sync::{Batch, Change};
use handleref::{Cursor, Error, changes};

fn keys(changes: &[Change]) -> Vec<&str> {
    changes.iter().map(|change| change.key.as_str()).collect()
}

macro_rules! topic {
    ($conn:expr, $id:expr) => {
        diesel::insert_into(topics::table)
            .values(&Topic {
                id: $id,
                name: format!("topic {}", $id),
            })
            .execute($conn)
            .unwrap()
    };
}
macro_rules! since {
    ($conn:expr, $cursor:expr) => {
        changes::<Topic>().since($cursor).load($conn)
    };
}

fn is_foreign(result: &Result<Batch, Error>) -> bool {
    matches!(result, Err(Error::Foreign))
}

/// A file of yesterday is put back, and written to.
#[cfg(feature = "sqlite")]
#[test]
fn a_restored_file() {
    let (db, backup) = (Db::sqlite(), Db::sqlite());
    recorded(&db);
    let conn = &mut db.connect::<SqliteConnection>();
    topic!(conn, 1);
    let old = since!(conn, &Cursor::beginning()).unwrap().cursor;
    std::fs::remove_file(&backup.url).unwrap();
    db.execute(&format!("VACUUM INTO '{}'", backup.url));
    topic!(conn, 2);
    topic!(conn, 3);
    let new = since!(conn, &old).unwrap().cursor;

    let restored = &mut backup.connect::<SqliteConnection>();
    assert!(is_foreign(&since!(restored, &new)), "it is from later");
    for id in [4, 5, 6] {
        topic!(restored, id);
    }
    // The numbers are there again, but of other records.
    assert!(is_foreign(&since!(restored, &new)));
    assert!(is_foreign(&since!(
        restored,
        &changes::<Topic>().now(conn).unwrap()
    )));
    // What was read before the backup was made is in both.
    assert_eq!(
        keys(&since!(restored, &old).unwrap().changes),
        ["4", "5", "6"]
    );
    assert_eq!(keys(&since!(conn, &old).unwrap().changes), ["2", "3"]);
}

/// The same with the tables of another database.
#[cfg(feature = "mysql")]
#[test]
fn a_restored_dump() {
    let (db, backup) = (Db::mysql(), Db::mysql());
    recorded(&db);
    let conn = &mut db.connect::<MysqlConnection>();
    topic!(conn, 1);
    let old = since!(conn, &Cursor::beginning()).unwrap().cursor;
    let from = db.url.rsplit_once('/').unwrap().1;
    recorded(&backup);
    for table in [
        "handleref_database",
        "handleref_recordings",
        "topic_records",
        "topics",
    ] {
        backup.execute(&format!(
            "SET @handleref_door = TRUE, @handleref_paused = TRUE; DELETE FROM {table}; \
             INSERT INTO {table} SELECT * FROM {from}.{table}"
        ));
    }
    // The counter did not come along with the rows.
    crate::posts::install(&backup);
    topic!(conn, 2);
    let new = since!(conn, &old).unwrap().cursor;

    let restored = &mut backup.connect::<MysqlConnection>();
    assert!(is_foreign(&since!(restored, &new)));
    for id in [4, 5, 6] {
        topic!(restored, id);
        since!(restored, &old).unwrap();
    }
    assert!(is_foreign(&since!(restored, &new)));
    assert_eq!(
        keys(&since!(restored, &old).unwrap().changes),
        ["4", "5", "6"]
    );
}

/// A PostgreSQL database of its own, for copies of it.
#[cfg(feature = "postgres")]
struct Own(String);

#[cfg(feature = "postgres")]
impl Own {
    fn server() -> (String, PgConnection) {
        let url = std::env::var("HANDLEREF_POSTGRES_URL").unwrap();
        let conn = PgConnection::establish(&url).unwrap();
        (url, conn)
    }

    fn create(name: &str, end: &str) -> Self {
        use diesel::connection::SimpleConnection;
        let name = format!("handleref_{}_{name}", std::process::id());
        let (_, mut conn) = Self::server();
        conn.batch_execute(&format!("CREATE DATABASE {name}{end}"))
            .unwrap();
        Self(name)
    }

    fn connect(&self) -> PgConnection {
        let (url, _) = Self::server();
        let base = url.rsplit_once('/').unwrap().0;
        PgConnection::establish(&format!("{base}/{}", self.0)).unwrap()
    }
}

#[cfg(feature = "postgres")]
impl Drop for Own {
    fn drop(&mut self) {
        use diesel::connection::SimpleConnection;
        let (_, mut conn) = Self::server();
        let sql = format!("DROP DATABASE {} WITH (FORCE)", self.0);
        let dropped = conn.batch_execute(&sql);
        assert!(dropped.is_ok() || std::thread::panicking());
    }
}

/// A copy says so until it is made one of its own; then everything that it came
/// with is old, whatever its transactions are called.
#[cfg(feature = "postgres")]
#[test]
fn a_copied_database() {
    use crate::posts::TopicRecords;
    use diesel::connection::SimpleConnection;
    use handleref::prelude::*;
    let source = Own::create("source", "");
    let schema = handleref::schema![Topic];
    let old = {
        let conn = &mut source.connect();
        conn.batch_execute("CREATE TABLE topics (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")
            .unwrap();
        schema.install(conn).unwrap();
        topic!(conn, 1);
        let old = since!(conn, &Cursor::beginning()).unwrap().cursor;
        topic!(conn, 2);
        // As if its transactions had far greater ids than those of the copy.
        conn.batch_execute(
            "SET handleref.door = '1'; UPDATE topic_records SET record_xid = '900000000000' WHERE record_id > 1",
        )
        .unwrap();
        // Its prunes, too.
        conn.batch_execute(
            "UPDATE handleref_recordings SET pruned_record = 0, pruned_mark = 900000000001",
        )
        .unwrap();
        old
    };
    let copy = Own::create("copy", &format!(" TEMPLATE {}", source.0));
    let conn = &mut copy.connect();
    for cursor in [&old, &Cursor::beginning()] {
        let refused = since!(conn, cursor);
        assert!(matches!(refused, Err(Error::Copied)), "{refused:?}");
    }
    let found = schema.check(conn).unwrap();
    assert!(found.to_string().contains("copy"), "{found}");
    schema.install(conn).unwrap();
    assert!(schema.check(conn).unwrap().problems().is_empty());
    assert!(is_foreign(&since!(conn, &old)));
    topic!(conn, 3);
    let first = changes::<Topic>().limit(2).load(conn).unwrap();
    assert_eq!((keys(&first.changes), first.more), (vec!["1", "2"], true));
    let rest = since!(conn, &first.cursor).unwrap();
    assert_eq!(keys(&rest.changes), ["3"]);
    topic!(conn, 4);
    let mut cursor = rest.cursor;
    let mut read = Vec::new();
    while read.is_empty() {
        let batch = since!(conn, &cursor).unwrap();
        read.extend(keys(&batch.changes).into_iter().map(str::to_owned));
        cursor = batch.cursor;
    }
    assert_eq!(read, ["4"]);
    // What is pruned here counts, of what came with it and of what came after.
    diesel::update(topics::table.find(4))
        .set(topics::name.eq("four"))
        .execute(conn)
        .unwrap();
    let late = since!(conn, &cursor).unwrap().cursor;
    let pruned = Topic::prune().keep_last(1).execute(conn).unwrap();
    assert_eq!(pruned.deleted, 1);
    assert!(since!(conn, &late).unwrap().changes.is_empty());
    let refused = since!(conn, &first.cursor);
    assert!(matches!(refused, Err(Error::TooOld { .. })), "{refused:?}");
    let count: i64 = Topic::records()
        .filter(TopicRecords::RECORD_ID.gt(0))
        .count()
        .get_result(conn)
        .unwrap();
    assert_eq!(count, 4);
}

/// Record tables that do not number what becomes visible get what they lack,
/// and what is in them comes first.
macro_rules! upgrade {
    ($($engine:ident $feature:literal $conn:ty, $column:literal;)*) => { $(
        #[cfg(feature = $feature)]
        mod $engine {
            use super::*;

            #[test]
            fn an_older_table() {
                let db = Db::$engine();
                recorded(&db);
                let conn = &mut db.connect::<$conn>();
                topic!(conn, 1);
                for sql in ["ALTER TABLE topic_records DROP COLUMN ", "DROP TABLE handleref_database"] {
                    let column = if sql.ends_with(' ') { $column } else { "" };
                    db.execute(&format!("{sql}{column}"));
                }
                topic!(conn, 2);
                let schema = handleref::schema![Topic];
                assert!(schema.check(conn).unwrap().to_string().contains($column));
                schema.install(conn).unwrap();
                let found = schema.check(conn).unwrap();
                assert!(found.problems().is_empty(), "{found}");
                let first = since!(conn, &Cursor::beginning()).unwrap();
                assert_eq!(keys(&first.changes), ["1", "2"]);
                topic!(conn, 3);
                assert_eq!(keys(&since!(conn, &first.cursor).unwrap().changes), ["3"]);
            }
        }
    )* };
}
upgrade! {
    postgres "postgres" PgConnection, "record_xid";
    mysql "mysql" MysqlConnection, "record_stamp";
}
