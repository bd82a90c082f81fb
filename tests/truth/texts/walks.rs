//! Walks through a table in the order of its key: they end, whatever a key is.

use crate::support::{Db, Engine, each_engine};
use diesel::{ExpressionMethods, Insertable, QueryDsl, Queryable, Selectable};
use handleref::Recorded;
use handleref::maintain::{Maintain, release};
use serde::Serialize;

diesel::table! {
    words (word) {
        word -> Text,
        note -> Nullable<Text>,
    }
}
diesel::table! {
    blobs (part, rest) {
        part -> Binary,
        rest -> Text,
        note -> Nullable<Text>,
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Insertable, Recorded)]
#[diesel(table_name = words, primary_key(word))]
pub struct Word {
    pub word: String,
    pub note: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Insertable, Recorded)]
#[diesel(table_name = blobs, primary_key(part, rest))]
pub struct Blob {
    pub part: Vec<u8>,
    pub rest: String,
    pub note: Option<String>,
}

fn bare(db: &Db, word: &str) {
    let (blob, text) = match db.engine {
        Engine::Sqlite => ("BLOB", "TEXT"),
        Engine::Postgres => ("BYTEA", "TEXT"),
        Engine::Mysql => ("VARBINARY(64)", "VARCHAR(64)"),
    };
    db.execute(&format!(
        "CREATE TABLE words (word {word} NOT NULL PRIMARY KEY, note {text})"
    ));
    db.execute(&format!(
        "CREATE TABLE blobs (part {blob} NOT NULL, rest {word} NOT NULL, note {text}, PRIMARY KEY (part, rest))"
    ));
}

/// Keys that a collation of the engine orders and compares.
fn folded(db: &Db) {
    if db.engine == Engine::Postgres {
        db.execute(
            "CREATE COLLATION folds (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
        );
    }
    bare(
        db,
        match db.engine {
            Engine::Sqlite => "TEXT COLLATE NOCASE",
            Engine::Postgres => "VARCHAR(64) COLLATE folds",
            Engine::Mysql => "VARCHAR(64) CHARACTER SET latin1 COLLATE latin1_swedish_ci",
        },
    );
}

/// Keys of another type that folds cases, or of the server's own collation.
fn other_folded(db: &Db) {
    #[cfg(feature = "postgres")]
    if db.engine == Engine::Postgres {
        crate::citext(db);
    }
    bare(
        db,
        match db.engine {
            Engine::Sqlite => "TEXT COLLATE NOCASE",
            Engine::Postgres => "handleref_types.citext",
            Engine::Mysql => "VARCHAR(64)",
        },
    );
}

/// A hold is one of the row, whatever spelling it was placed and is asked by.
macro_rules! holds {
    ($conn:expr, $db:expr) => {
        let rows = put!($conn, ["ann", "Bob", "carl", "Äa", "zoe", "é"]);
        $db.install(&handleref::schema![Word, Blob]);
        backfilled!($conn, rows);
        crate::support::Db::execute(
            &$db,
            "ALTER TABLE word_records ADD COLUMN extra INTEGER DEFAULT 7",
        );
        for word in ["ann", "Bob"] {
            let row = words::table.find(word);
            go!(diesel::update(row).set(words::note.eq("n")).execute($conn))?;
        }
        let blanks = $db.engine == Engine::Mysql;
        for spelled in ["ann", "ANN", "Ann", "aNN "] {
            if spelled.ends_with(' ') && !blanks {
                continue;
            }
            // Placed twice, it has to be released twice.
            let hold = go!(Word::hold($conn, &spelled.to_owned(), "a trial"))?;
            let again = go!(Word::hold($conn, &"ANN".to_owned(), "another one"))?;
            let erase = |word: &str| Word::erase(word.to_owned()).column(words::note);
            for word in ["ann", "aNN"] {
                let refused = go!(erase(word).execute($conn));
                assert!(
                    matches!(refused, Err(handleref::Error::Held { .. })),
                    "{spelled} {word} {refused:?}"
                );
            }
            assert_eq!(
                go!(Word::prune().keep_last(1).dry_run($conn))?.deleted,
                1,
                "{spelled}"
            );
            let past = go!(Word::redact_past().named("extra").dry_run($conn))?;
            assert_eq!((past.held, past.redacted), (2, 6), "{spelled}");
            assert!(go!(release($conn, hold))? && !go!(release($conn, hold))?);
            assert!(go!(erase("ann").execute($conn)).is_err());
            assert!(go!(release($conn, again))?);
        }
        assert_eq!(go!(Word::prune().keep_last(1).dry_run($conn))?.deleted, 2);
        let hold = go!(Word::hold($conn, &"BOB".to_owned(), "a trial"))?;
        assert_eq!(
            go!(Word::erase("ann".to_owned())
                .column(words::note)
                .execute($conn))?
            .records,
            2
        );
        let refused = go!(Word::erase("ann".to_owned())
            .also("bOB".to_owned())
            .column(words::note)
            .execute($conn));
        assert!(
            matches!(refused, Err(handleref::Error::Held { .. })),
            "{refused:?}"
        );
        go!(release($conn, hold))?;
        // The key is what it is.
        let refused = go!(Word::erase("ann".to_owned())
            .column_with(words::word, "'x'")
            .execute($conn));
        let is_key = |error: &handleref::Error| {
            matches!(
                error,
                handleref::Error::CannotErase {
                    reason: handleref::maintain::Unerasable::IsKey,
                    ..
                }
            )
        };
        assert!(refused.as_ref().is_err_and(is_key), "{refused:?}");
        assert_eq!(
            go!(Word::erase("ann".to_owned()).everything().execute($conn))?.columns,
            ["note", "extra"]
        );
    };
}

/// Keys that are compared by their bytes.
fn plain(db: &Db) {
    let word = match db.engine {
        Engine::Sqlite => "TEXT",
        Engine::Postgres => "TEXT COLLATE \"C\"",
        Engine::Mysql => "VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    };
    bare(db, word);
}

/// All have to have a record, whatever the size of a batch.
macro_rules! backfilled {
    ($conn:expr, $rows:expr) => {{
        for size in [1, 2] {
            let done = go!(Word::backfill().batch(size).execute($conn))?;
            assert!(done.finished);
            let done = go!(Blob::backfill().batch(size).execute($conn))?;
            assert!(done.finished);
        }
        assert_eq!(go!(WordRecords.count().get_result::<i64>($conn))?, $rows);
        assert_eq!(go!(BlobRecords.count().get_result::<i64>($conn))?, $rows);
    }};
}

macro_rules! put {
    ($conn:expr, $words:expr) => {{
        let words: Vec<String> = $words
            .iter()
            .map(|word: &&str| (*word).to_owned())
            .collect();
        for word in &words {
            let blob = Blob {
                part: word.clone().into_bytes(),
                rest: word.clone(),
                note: None,
            };
            let word = Word {
                word: word.clone(),
                note: None,
            };
            go!(diesel::insert_into(words::table)
                .values(&word)
                .execute($conn))?;
            go!(diesel::insert_into(blobs::table)
                .values(&blob)
                .execute($conn))?;
        }
        i64::try_from(words.len())?
    }};
}

each_engine! {
    /// Without a key and with a quote, with a NUL where the engine has it.
    async fn hostile_keys(db: plain, conn) {
        let nul = db.engine != Engine::Postgres;
        let words = [
            "", "\0", "\0\0", "a", "a\0", "a\0b", "a\0c", "a'b", "a''b", "a\\b", "A", "ä", "日本", "🦀", "x'41'", "NULL", "%", "1", "01", " 1", "1 ",
        ];
        let words: Vec<&str> = words.into_iter().filter(|word| nul || !word.contains('\0')).collect();
        // Where a blank at the end of a key is none, it is another key all the same.
        let words: Vec<&str> = words.into_iter().filter(|word| db.engine != Engine::Mysql || *word != "1 ").collect();
        let rows = put!(conn, words);
        db.install(&handleref::schema![Word, Blob]);
        backfilled!(conn, rows);
    }

    /// Keys that are one to their collation, or to their type.
    async fn folded_keys(db: folded, conn) {
        holds!(conn, db);
    }

    async fn other_folded_keys(db: other_folded, conn) {
        holds!(conn, db);
    }
}

/// What only SQLite stores in a key.
mod storage_classes {
    #[cfg(feature = "sqlite")]
    use super::*;

    #[cfg(feature = "sqlite")]
    fn walked(key: &str, rows: &[&str]) -> Result<i64, handleref::Error> {
        use diesel::RunQueryDsl;
        let db = Db::sqlite();
        db.execute(&format!(
            "CREATE TABLE words (word {key} PRIMARY KEY, note TEXT)"
        ));
        for row in rows {
            db.execute(&format!("INSERT INTO words (word) VALUES ({row})"));
        }
        let conn = &mut db.connect::<diesel::SqliteConnection>();
        handleref::schema![Word].install(conn)?;
        Word::backfill().batch(1).execute(conn)?;
        Ok(WordRecords.count().get_result(conn)?)
    }

    #[cfg(feature = "sqlite")]
    #[test]
    fn sqlite() -> crate::support::Done {
        let classes = [
            "1",
            "1.5",
            "'1'",
            "'a'",
            "x'31'",
            "x''",
            "''",
            "-7",
            "1e300",
            "'a'||char(0)||'b'",
            "0.1",
        ];
        for key in [
            "TEXT NOT NULL",
            "BLOB NOT NULL",
            "TEXT COLLATE NOCASE NOT NULL",
            "TEXT COLLATE RTRIM NOT NULL",
        ] {
            // In a text column, the number is the text.
            let rows: Vec<&str> = classes
                .into_iter()
                .filter(|row| !key.starts_with("TEXT") || *row != "1")
                .collect();
            assert_eq!(walked(key, &rows)?, i64::try_from(rows.len())?, "{key}");
        }
        // A key that is none: an error, and not rows that are left out.
        let refused = walked("TEXT", &["'a'", "NULL", "NULL", "'b'"]);
        assert!(refused.is_err(), "{refused:?}");
        Ok(())
    }
}
