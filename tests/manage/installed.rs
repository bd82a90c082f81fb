//! Models that are read from the database, without their structs.

use crate::story::{Article, schema, told};
use crate::support::recorded::{Author, Label, Paper, papers};
use crate::support::{Engine, each_engine};
use diesel::{Queryable, Selectable};
use handleref::changeset::{Changeset, ChangesetNo};
use handleref::history::{Now, RecordNo, VersionNo};
use handleref::registry::Registry;
use handleref::{Error, Recorded, RowDsl};
use serde_json::{Value, json};

fn tree(value: impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

diesel::table! {
    kinds (id) {
        id -> BigInt,
        flag -> Bool,
        small -> SmallInt,
        real -> Double,
        day -> Date,
        hour -> Nullable<Time>,
        at -> Timestamp,
        bytes -> Binary,
        words -> Nullable<Text>,
    }
}

/// Types that differ between engines.
#[derive(Debug, Clone, serde::Serialize, Queryable, Selectable, Recorded)]
#[diesel(table_name = kinds)]
struct Kinds {
    id: i64,
    flag: bool,
    small: i16,
    real: f64,
    day: chrono::NaiveDate,
    hour: Option<chrono::NaiveTime>,
    at: chrono::NaiveDateTime,
    bytes: Vec<u8>,
    words: Option<String>,
}

fn kinds(db: &crate::support::Db) {
    let (real, bytes, at) = match db.engine {
        Engine::Postgres => ("DOUBLE PRECISION", "BYTEA", "TIMESTAMP"),
        Engine::Mysql => ("DOUBLE", "VARBINARY(20)", "DATETIME(6)"),
        Engine::Sqlite => ("DOUBLE", "BLOB", "TIMESTAMP"),
    };
    db.create(&format!(
        "CREATE TABLE kinds (id BIGINT PRIMARY KEY, flag BOOLEAN NOT NULL, small SMALLINT NOT NULL, {}real{} {real} NOT NULL, \
         day DATE NOT NULL, hour TIME, at {at} NOT NULL, bytes {bytes} NOT NULL, words {{TEXT}})",
        if db.engine == Engine::Mysql { "`" } else { "\"" },
        if db.engine == Engine::Mysql { "`" } else { "\"" },
    ));
    db.install(&handleref::schema![Kinds]);
    let quote = if db.engine == Engine::Mysql {
        "`real`"
    } else {
        "\"real\""
    };
    let bytes = if db.engine == Engine::Postgres {
        "'\\x00ff'"
    } else {
        "x'00ff'"
    };
    for (id, hour, words) in [
        ("1", "'10:20:30'", "'Ä, \"quoted\"'"),
        ("-9007199254740993", "NULL", "NULL"),
    ] {
        db.create(&format!(
            "INSERT INTO kinds (id, flag, small, {quote}, day, hour, at, bytes, words) VALUES \
             ({id}, TRUE, -3, 1.5, '2026-02-28', {hour}, '2026-02-28 10:20:30.123456', {bytes}, {words})"
        ));
    }
    db.create("UPDATE kinds SET flag = FALSE, small = 4, day = '1999-12-31' WHERE id = 1");
}

fn nothing(_: &crate::support::Db) {}

each_engine! {
    /// What a program with the structs reads, and one without them, is the same.
    async fn as_with_structs(db: told, conn) {
        let typed = schema().registry();
        let stored = go!(Registry::installed(conn))?;
        assert_eq!(tree(&stored), tree(&typed));
        let mut seen = 0;
        for (one, other) in typed.models().iter().zip(stored.models()) {
            assert_eq!((one.name(), one.tag()), (other.name(), other.tag()));
            let rows = go!(one.rows().with_deleted().load(conn))?;
            assert_eq!(tree(&rows), tree(go!(other.rows().with_deleted().load(conn))?));
            assert_eq!(tree(go!(one.rows().deleted().load(conn))?), tree(go!(other.rows().deleted().load(conn))?));
            let mut keys: Vec<String> = rows.objects.iter().map(|row| row.key.clone()).collect();
            // Rows that are gone.
            keys.extend(match one.name() {
                "Article" => vec!["9".to_owned()],
                "Tag" => vec!["7,old\\, rust".to_owned()],
                _ => Vec::new(),
            });
            for key in &keys {
                let log = go!(one.history(key).load(conn))?;
                assert!(!log.entries.is_empty(), "{} {key}", one.name());
                seen += log.entries.len();
                assert_eq!(tree(&log), tree(go!(other.history(key).load(conn))?));
                assert_eq!(tree(go!(one.row(conn, key))?), tree(go!(other.row(conn, key))?));
                assert_eq!(tree(go!(one.blame(conn, key))?), tree(go!(other.blame(conn, key))?));
                for entry in &log.entries {
                    let then = RecordNo(entry.record);
                    let (before, after) = (go!(one.as_of(conn, key, then))?, go!(other.as_of(conn, key, then))?);
                    assert_eq!(tree(before), tree(after));
                }
            }
        }
        assert_eq!(seen, 14);
        let (one, other) = (typed.model("Article")?, stored.model("articles")?);
        assert_eq!(tree(go!(one.diff(conn, "7", 1, Now))?), tree(go!(other.diff(conn, "7", 1, Now))?));
        let then = go!(other.as_of(conn, "12", VersionNo(1)))?.unwrap();
        assert_eq!(then.values["title"], "Hi there");
        for (key, wrong) in [("seven", true), ("7;", true), ("", true), ("77", false)] {
            let found = go!(other.row(conn, key));
            assert!(match wrong {
                true => matches!(found, Err(Error::WrongObject { .. })),
                false => matches!(found, Ok(None)),
            }, "{key}");
        }
        for no in 1..=5 {
            let (one, other) = (typed.undo_plan(ChangesetNo(no)), stored.undo_plan(ChangesetNo(no)));
            assert_eq!(tree(go!(one.load(conn))?), tree(go!(other.load(conn))?));
            let changeset = go!(Changeset::find(conn, ChangesetNo(no)))?;
            let (one, other) = (typed.changes_of(&changeset), stored.changes_of(&changeset));
            assert_eq!(tree(go!(one.load(conn))?), tree(go!(other.load(conn))?));
        }
        let (one, other) = (go!(typed.changes().load(conn))?, go!(stored.changes().load(conn))?);
        assert_eq!(tree(&one.changes), tree(&other.changes));
        // A cursor of the one is one of the other.
        assert!(go!(stored.changes().since(&one.cursor).load(conn))?.changes.is_empty());
    }

    /// An undo and a revert write the same, too.
    async fn undo_without_structs(db: told, conn) {
        let stored = go!(Registry::installed(conn))?;
        let plan = go!(stored.undo_plan(ChangesetNo(2)).load(conn))?;
        go!(plan.apply(conn))?;
        let article = stored.model("Article")?;
        let row = go!(article.row(conn, "7"))?.unwrap();
        assert_eq!((&row.values["body"], &row.values["title"], row.version), (&Value::Null, &json!("Hello, world"), Some(5)));
        let plan = go!(article.revert_plan(conn, "12", 1))?;
        go!(plan.apply(conn))?;
        assert_eq!(go!(article.row(conn, "12"))?.unwrap().values["title"], "Hi there");
        let plan = go!(article.reinsert_plan(conn, "9"))?;
        go!(plan.apply(conn))?;
        assert_eq!(go!(article.row(conn, "9"))?.unwrap().values["title"], "Draft");
        assert!(matches!(go!(article.restore(conn, "8")), Err(Error::NoVerb { .. })));
    }

    async fn redacted_and_skipped(db: papers, conn) {
        batch!(conn, "INSERT INTO authors (id, name) VALUES (1, 'ann')")?;
        batch!(conn, "INSERT INTO papers (id, author_id, title, website, secret, views) VALUES (1, 1, 'one', NULL, 'hush', 7)")?;
        batch!(conn, "UPDATE papers SET secret = 'still' WHERE id = 1")?;
        batch!(conn, "INSERT INTO labels (paper_id, label) VALUES (1, 'a,b''c')")?;
        let typed = handleref::schema![Author, Paper, Label].registry();
        let stored = go!(Registry::installed(conn))?;
        assert_eq!(tree(&stored), tree(&typed));
        for (model, key) in [("Paper", "1"), ("Author", "1")] {
            let (one, other) = (typed.model(model)?, stored.model(model)?);
            let log = tree(go!(other.history(key).load(conn))?);
            assert_eq!(log, tree(go!(one.history(key).load(conn))?));
            assert!(!log.to_string().contains("hush") && !log.to_string().contains("still"), "{log}");
            assert_eq!(tree(go!(one.row(conn, key))?), tree(go!(other.row(conn, key))?));
        }
        let labels = go!(stored.model("Label")?.rows().load(conn))?;
        assert_eq!(tree(&labels), tree(go!(typed.model("Label")?.rows().load(conn))?));
        let key = &labels.objects[0].key;
        assert!(go!(stored.model("Label")?.row(conn, key))?.is_some());
    }

    /// Values are the same but for bytes, which a struct shows as a list of numbers.
    async fn kinds_of_values(db: kinds, conn) {
        let typed = handleref::schema![Kinds].registry();
        let stored = go!(Registry::installed(conn))?;
        for key in ["1", "-9007199254740993"] {
            let text = tree(go!(typed.model("Kinds")?.history(key).load(conn))?).to_string();
            let found = tree(go!(stored.model("Kinds")?.history(key).load(conn))?).to_string();
            assert!(text.contains("[0,255]") && text.contains(key), "{text}");
            assert_eq!(found, text.replace("[0,255]", "\"00ff\""));
        }
    }

    async fn not_installed(db: nothing, conn) {
        assert!(matches!(go!(Registry::installed(conn)), Err(Error::NotInstalled { .. })));
    }

    /// A model that changes is written down anew by the next installation.
    async fn written_down_anew(db: told, conn) {
        batch!(conn, "UPDATE handleref_recordings SET model = NULL WHERE record_table = 'article_records'")?;
        let names = |registry: &Registry| registry.models().iter().map(|it| it.name()).collect::<Vec<_>>();
        assert_eq!(names(&go!(Registry::installed(conn))?), ["Topic", "Tag"]);
        // It is no fault.
        assert!(go!(schema().check(conn))?.is_ok());
        let plan = go!(schema().plan(conn))?;
        assert_eq!(plan.up().len(), 1, "{plan}");
        go!(schema().install(conn))?;
        assert_eq!(names(&go!(Registry::installed(conn))?), ["Topic", "Article", "Tag"]);
        assert!(go!(schema().plan(conn))?.is_empty());
        let mut article: Article = go!(diesel::QueryDsl::find(crate::story::articles::table, 7)
            .first::<Article>(conn))?;
        article.title = "still recorded".to_owned();
        go!(article.save(conn))?;
        batch!(conn, "UPDATE handleref_recordings SET model = '{\"name\":' WHERE record_table = 'article_records'")?;
        let error = go!(Registry::installed(conn)).unwrap_err();
        assert!(error.to_string().contains("what is written down of a model cannot be read"), "{error}");
        let _ = Engine::Sqlite;
    }
}
