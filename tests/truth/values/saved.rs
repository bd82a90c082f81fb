//! A save compares as the column would hold the value, and afterwards the
//! instance is what the row is.

use crate::support::{Db, Engine, each_engine};
use diesel::prelude::ExpressionMethods;
use diesel::{QueryDsl, Queryable, Selectable, SelectableHelper};
use handleref::prelude::*;
use handleref::{Error, Outcome};

diesel::table! {
    samples (id) {
        id -> Integer,
        code -> Text,
        note -> Nullable<Text>,
        at -> Timestamp,
        time -> Nullable<Time>,
        version -> BigInt,
        updated_at -> Timestamp,
    }
}

#[derive(Debug, Clone, PartialEq, Queryable, Selectable, HandleRef)]
#[diesel(table_name = samples)]
struct Sample {
    id: i32,
    code: String,
    note: Option<String>,
    at: chrono::NaiveDateTime,
    time: Option<chrono::NaiveTime>,
    version: i64,
    updated_at: chrono::NaiveDateTime,
}

/// Columns that hold less than the fields do.
fn coarse(db: &Db) {
    let (code, at, time) = match db.engine {
        Engine::Sqlite => ("CHAR(5)", "TIMESTAMP", "TIME"),
        Engine::Postgres => ("CHAR(5)", "TIMESTAMP(0)", "TIME(1)"),
        Engine::Mysql => ("CHAR(5) CHARACTER SET latin1", "DATETIME", "TIME(1)"),
    };
    db.create(&format!(
        "CREATE TABLE samples (id INTEGER PRIMARY KEY, code {code} NOT NULL, note {{TEXT}}, at {at} NOT NULL, time {time}, \
         version BIGINT NOT NULL DEFAULT 1, updated_at {{TIME}} NOT NULL DEFAULT {{NOW}})"
    ));
}

fn at(text: &str) -> chrono::NaiveDateTime {
    text.parse().unwrap()
}

macro_rules! get {
    ($conn:expr) => {
        go!(samples::table
            .find(1)
            .select(Sample::as_select())
            .first::<Sample>($conn))?
    };
}

macro_rules! insert {
    ($conn:expr, $code:expr) => {{
        go!(diesel::insert_into(samples::table)
            .values((
                samples::id.eq(1),
                samples::code.eq($code),
                samples::at.eq(at("2026-03-01T12:00:00")),
                samples::time.eq(Some("08:30:00.2".parse::<chrono::NaiveTime>().unwrap())),
            ))
            .execute($conn))?;
        get!($conn)
    }};
}

each_engine! {
    /// What was loaded is unchanged, whatever the column.
    async fn of_what_was_loaded(db: coarse, conn) {
        let mut sample = insert!(conn, "é");
        let loaded = sample.clone();
        assert_eq!(go!(sample.save(conn))?, Outcome::Unchanged);
        assert_eq!(sample, loaded);
        assert_eq!(get!(conn), loaded);
    }

    /// What the column cannot hold is no change, and the instance has it no more.
    async fn of_what_the_column_cannot_hold(db: coarse, conn) {
        let mut sample = insert!(conn, "é");
        let loaded = sample.clone();
        let holds_all = db.engine == Engine::Sqlite;
        sample.at = at("2026-03-01T12:00:00.3");
        sample.time = "08:30:00.24".parse().ok();
        sample.code = "é ".to_owned();
        match go!(sample.save(conn))? {
            Outcome::Unchanged => assert_eq!(sample, loaded),
            Outcome::Written => assert!(holds_all),
        }
        assert_eq!(sample, get!(conn));
        assert_eq!(go!(sample.save(conn))?, Outcome::Unchanged);

        // A change beside it is written, and the instance equals the row.
        sample.at = at("2026-03-02T12:00:00.3");
        sample.note = Some("x".to_owned());
        assert_eq!(go!(sample.save(conn))?, Outcome::Written);
        assert_eq!(sample, get!(conn));
        assert_eq!(go!(sample.save(conn))?, Outcome::Unchanged);
    }

    /// What the column can hold is a change, however small.
    async fn of_small_changes(db: coarse, conn) {
        let mut sample = insert!(conn, "a");
        let mut version = 1;
        let mut changed = |sample: &Sample| {
            version += 1;
            assert_eq!(sample.version, version);
        };
        for code in ["A", "á", "a", "b", ""] {
            sample.code = code.to_owned();
            assert_eq!(go!(sample.save(conn))?, Outcome::Written, "{code:?}");
            changed(&sample);
            assert_eq!(sample, get!(conn));
        }
        sample.at = at("2026-03-01T12:00:01");
        assert_eq!(go!(sample.save(conn))?, Outcome::Written);
        changed(&sample);
        sample.time = "08:30:00.3".parse().ok();
        assert_eq!(go!(sample.save(conn))?, Outcome::Written);
        changed(&sample);
        sample.time = None;
        assert_eq!(go!(sample.save(conn))?, Outcome::Written);
        changed(&sample);
        assert_eq!(go!(sample.save(conn))?, Outcome::Unchanged);
        for note in [Some(""), Some("x"), Some("x "), Some("X "), Some("{\"x\\u0000\": 1}"), None] {
            sample.note = note.map(str::to_owned);
            assert_eq!(go!(sample.save(conn))?, Outcome::Written, "{note:?}");
            changed(&sample);
            assert_eq!(sample, get!(conn));
        }
    }

    /// Who holds another version is told so, even if his values are the same
    /// but for what the column cannot hold.
    async fn of_a_stale_instance(db: coarse, conn) {
        let mut first = insert!(conn, "a");
        let mut second = first.clone();
        first.note = Some("first".to_owned());
        go!(first.save(conn))?;
        second.note = Some("first".to_owned());
        second.at = at("2026-03-01T12:00:00.3");
        let error = go!(second.save(conn)).unwrap_err();
        assert!(matches!(error, Error::Stale { expected: 1, found: 2, .. }), "{error:?}");
    }

    /// A value that the column refuses is refused, and nothing is cut off.
    async fn of_a_text_that_is_too_long(db: coarse, conn) {
        let mut sample = insert!(conn, "a");
        sample.code = "abcdefg".to_owned();
        let saved = go!(sample.save(conn));
        match db.engine {
            Engine::Sqlite => assert_eq!(saved?, Outcome::Written),
            _ => {
                saved.unwrap_err();
                assert_eq!(get!(conn).code.trim_end(), "a");
            }
        }
    }
}
