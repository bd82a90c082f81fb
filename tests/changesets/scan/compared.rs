//! What is compared: under a condition, and columns of all types.

use super::*;

diesel::table! {
    drafts (id) {
        id -> Integer,
        body -> Text,
        status -> Text,
        version -> BigInt,
    }
}
diesel::table! {
    things (id) {
        id -> Integer,
        a -> Nullable<Text>,
        b -> Nullable<Text>,
        c -> Nullable<Text>,
        d -> Nullable<Text>,
        e -> Nullable<Text>,
        f -> Nullable<Text>,
        g -> Nullable<Text>,
        h -> Nullable<Text>,
    }
}

/// Columns of many types; nothing of it is ever loaded.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Recorded)]
#[diesel(table_name = things)]
pub struct Thing {
    pub id: i32,
    pub a: Option<String>,
    pub b: Option<String>,
    pub c: Option<String>,
    pub d: Option<String>,
    pub e: Option<String>,
    pub f: Option<String>,
    pub g: Option<String>,
    #[recorded(sql_type = "TEXT")]
    pub h: Option<String>,
}

fn things(db: &Db) {
    let (json, bytes) = match db.engine {
        Engine::Sqlite => ("TEXT COLLATE NOCASE", "BLOB"),
        Engine::Postgres => ("JSON", "BYTEA"),
        Engine::Mysql => ("JSON", "BLOB"),
    };
    db.create(&format!(
        "CREATE TABLE things (id {{KEY}} PRIMARY KEY, a REAL, b DOUBLE PRECISION, c NUMERIC(10, 3), d {json}, e {bytes}, \
         f {{TIME}}, g CHAR(4), h VARCHAR(9))"
    ));
    db.install(&handleref::schema![Thing]);
}

/// Recorded under a condition, with properties, and with names that stand for
/// themselves in SQL.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, HandleRef, Recorded)]
#[diesel(table_name = drafts)]
#[recorded(
    when = "status <> 'draft'",
    property(shout: Nullable<Text>, sql = "upper(body)"),
    property(bodies: BigInt, sql = "(SELECT count(*) FROM drafts d WHERE d.body = drafts.body)"),
)]
pub struct Draft {
    pub id: i32,
    pub body: String,
    #[handleref(skip)]
    pub status: String,
    pub version: i64,
}

fn drafts(db: &Db) {
    db.create(
        "CREATE TABLE drafts (id {KEY} PRIMARY KEY, body {TEXT} NOT NULL, status {TEXT} NOT NULL)",
    );
    db.install(&handleref::schema![Draft]);
}

each_engine! {
    /// A condition, properties, and names that could be mistaken.
    async fn under_a_condition(db: drafts, conn) {
        go!(without_recording_async(conn, "import", async |conn| {
            sql!(conn, "INSERT INTO drafts (id, body, status) VALUES (1, 'a', 'draft'), (2, 'a', 'done'), (3, 'c', 'done')");
            Ok::<_, Error>(())
        }))?;
        macro_rules! past {
            () => {
                go!(Draft::records().order((drafts::id, DraftRecords::RECORD_ID))
                    .select((drafts::id, DraftRecords::OPERATION, DraftRecords::VERSION, DraftRecords::SHOUT, DraftRecords::BODIES))
                    .load::<(i32, Operation, i64, Option<String>, i64)>(conn))?
            };
        }
        use Operation::{Delete, Insert, Update};
        let scanned = go!(scan().model::<Draft>().execute(conn))?;
        assert_eq!((scanned.inserted, scanned.total()), (2, 2), "{scanned}");
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(past!(), [(2, Insert, 1, text("A"), 2), (3, Insert, 1, text("C"), 1)]);
        go!(without_recording_async(conn, "more", async |conn| {
            // Its last record stays what it was.
            sql!(conn, "UPDATE drafts SET status = 'draft', body = 'x' WHERE id = 2");
            sql!(conn, "UPDATE drafts SET status = 'done' WHERE id = 1");
            sql!(conn, "DELETE FROM drafts WHERE id = 3");
            Ok::<_, Error>(())
        }))?;
        let scanned = go!(scan().model::<Draft>().execute(conn))?;
        assert_eq!((scanned.inserted, scanned.deleted, scanned.total()), (1, 1, 2), "{scanned}");
        assert_eq!(past!(), [(1, Insert, 2, text("A"), 1), (2, Insert, 1, text("A"), 2), (3, Insert, 1, text("C"), 1), (3, Delete, 2, text("C"), 1)]);
        sql!(conn, "UPDATE drafts SET status = 'done' WHERE id = 2");
        assert_eq!(past!()[2], (2, Update, 3, text("X"), 1));
        assert!(go!(scan().model::<Draft>().execute(conn))?.is_empty());
    }

    /// Columns of all types, compared byte by byte.
    async fn types(db: things, conn) {
        let changes = [
            "a = 0.1", "a = 0.10000001", "b = 0.1", "b = 0.10000000000000002", "c = 1.5", "c = 1.501",
            "d = '{\"a\": 1}'", "d = '{\"A\": 1}'", "e = 'xyz'", "e = 'xyZ'", "f = '2020-01-02 03:04:05.000001'",
            "f = '2020-01-02 03:04:05.000002'", "g = 'a'", "g = 'A'", "h = 5", "h = 6", "g = ''", "g = NULL", "e = ''", "e = NULL",
        ];
        sql!(conn, "INSERT INTO things (id) VALUES (1), (2)");
        for change in changes {
            go!(without_recording_async(conn, "hidden", async |conn| {
                sql!(conn, format!("UPDATE things SET {change} WHERE id = 1"));
                Ok::<_, Error>(())
            }))?;
            let scanned = go!(scan().model::<Thing>().execute(conn))?;
            assert_eq!((scanned.updated, scanned.total()), (1, 1), "{change}: {scanned}");
            let again = go!(scan().model::<Thing>().execute(conn))?;
            assert!(again.is_empty(), "{change}: {again}");
        }
        let versions: Vec<i64> = go!(Thing::history_of(1).order(ThingRecords::RECORD_ID).select(ThingRecords::VERSION).load(conn))?;
        assert_eq!(versions, (1..=21).collect::<Vec<i64>>());
    }
}
