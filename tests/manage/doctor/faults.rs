//! Faults, one by one.

use super::{advised, cured, doctor, finds, healthy, wrong};
use crate::contents::number;
use crate::each_database;
use crate::program::piped;
use crate::support::{Db, Engine};

pub fn drop_trigger(db: &Db, what: &str) {
    let on = match db.engine {
        Engine::Postgres => " ON articles",
        Engine::Sqlite | Engine::Mysql => "",
    };
    db.execute(&format!(
        "DROP TRIGGER IF EXISTS handleref_{what}_articles{on}"
    ));
}

/// All that name columns, as a migration that knows nothing of handleref has to.
fn drop_all(db: &Db) {
    for what in ["insert", "update", "delete", "rekey", "record", "guard"] {
        drop_trigger(db, what);
    }
}

/// Opens the door that keeps records from being changed by hand, as somebody does who knows it.
fn by_hand(db: &Db, sql: &str) {
    match db.engine {
        Engine::Sqlite => db.execute(&format!(
            "BEGIN; UPDATE handleref_context SET door = 1; {sql}; UPDATE handleref_context SET door = 0; COMMIT"
        )),
        Engine::Postgres => db.execute(&format!("SET session_replication_role = replica; {sql}")),
        Engine::Mysql => db.execute(&format!("SET @handleref_door = TRUE; {sql}")),
    }
}

each_database! {
    fn dropped_trigger(db: healthy) {
        drop_trigger(db, "update");
        drop_trigger(db, "insert");
        drop_trigger(db, "delete");
        db.execute("UPDATE articles SET title = 'unseen' WHERE id = 7");
        finds(db, "triggers", "Article", "is missing");
        finds(db, "coverage", "Article", "1 differ from their newest record; such as Article 7");
        cured(db);
    }

    fn altered_trigger(db: healthy) {
        match db.engine {
            Engine::Postgres => {
                drop_trigger(db, "update");
                db.execute("CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'");
                db.execute("CREATE TRIGGER handleref_update_articles AFTER UPDATE ON articles FOR EACH ROW EXECUTE FUNCTION nothing()");
            }
            Engine::Sqlite => {
                drop_trigger(db, "update");
                db.execute("CREATE TRIGGER handleref_update_articles AFTER UPDATE ON articles BEGIN SELECT 1; END");
            }
            Engine::Mysql => {
                drop_trigger(db, "update");
                db.execute("CREATE TRIGGER handleref_update_articles AFTER UPDATE ON articles FOR EACH ROW SET @nothing = 1");
            }
        }
        finds(db, "triggers", "Article", "handleref_update_articles");
        cured(db);
    }

    fn disabled_trigger(db: healthy) {
        if db.engine == Engine::Postgres {
            db.execute("ALTER TABLE articles DISABLE TRIGGER ALL");
            finds(db, "triggers", "Article", "is disabled");
            cured(db);
        }
    }

    fn missing_column(db: healthy) {
        for what in ["insert", "update", "delete"] {
            drop_trigger(db, what);
        }
        match db.engine {
            Engine::Postgres => db.execute("ALTER TABLE articles DROP COLUMN created_at CASCADE"),
            Engine::Sqlite => {
                drop_all(db);
                db.execute("ALTER TABLE articles DROP COLUMN created_at");
            }
            Engine::Mysql => {
                db.execute("DROP TRIGGER IF EXISTS handleref_guard_articles");
                db.execute("ALTER TABLE articles DROP COLUMN created_at");
            }
        }
        finds(db, "columns", "Article", "column `created_at`: the column is missing");
        cured(db);
    }

    fn changed_type(db: healthy) {
        match db.engine {
            Engine::Postgres => db.execute("DROP TRIGGER handleref_guard_articles ON articles; ALTER TABLE articles ALTER COLUMN version TYPE TEXT"),
            // A column of SQLite is changed by making it again.
            Engine::Sqlite => { drop_all(db); db.execute("ALTER TABLE articles DROP COLUMN version; ALTER TABLE articles ADD COLUMN version TEXT NOT NULL DEFAULT 'one'"); }
            Engine::Mysql => db.execute("ALTER TABLE articles MODIFY version VARCHAR(20) NOT NULL DEFAULT '1'"),
        }
        let found = finds(db, "columns", "Article", "column `version`");
        advised(&found, "give the column the type");
    }

    fn hand_edited_record(db: healthy) {
        by_hand(db, "UPDATE article_records SET record_version = 1 WHERE id = 7 AND record_version = 4");
        let found = finds(db, "records", "Article", "a version does not rise");
        advised(&found, "bring the records of Article 7 back");
    }

    fn hand_edited_last_record(db: healthy) {
        by_hand(db, "UPDATE article_records SET title = 'forged' WHERE id = 12 AND record_version = 3");
        finds(db, "coverage", "Article", "1 differ from their newest record; such as Article 12");
        cured(db);
    }

    fn missing_record(db: healthy) {
        by_hand(db, "DELETE FROM article_records WHERE id = 7 AND record_version = 2");
        let found = finds(db, "records", "Article", "a version is skipped");
        advised(&found, "bring the records of Article 7 back");
    }

    fn missing_beginning(db: healthy) {
        by_hand(db, "DELETE FROM article_records WHERE id = 7 AND record_version = 1");
        finds(db, "records", "Article", "begins without an insert");
    }

    fn counter_behind(db: healthy) {
        match db.engine {
            Engine::Postgres => db.execute("SELECT setval('handleref_record_id', 1)"),
            Engine::Sqlite => db.execute("UPDATE handleref_context SET tick = 1"),
            Engine::Mysql => db.execute("ALTER SEQUENCE handleref_record_id RESTART 1"),
        }
        finds(db, "numbering", "", "the next record would be number");
        cured(db);
    }

    fn pause_left_on(db: healthy) {
        if db.engine == Engine::Sqlite {
            db.execute("UPDATE handleref_context SET paused = 1");
            finds(db, "switches", "", "");
            cured(db);
        }
    }

    fn missing_index(db: healthy) {
        if db.engine != Engine::Mysql {
            db.execute("DROP INDEX articles_topic");
            finds(db, "indexes", "articles.topic_id", "has no index: a cascade reads the whole table (3 rows)");
            cured(db);
        }
    }

    fn acting_foreign_key(db: healthy) {
        if db.engine == Engine::Mysql {
            db.execute("ALTER TABLE articles ADD CONSTRAINT acts FOREIGN KEY (topic_id) REFERENCES topics (id) ON DELETE CASCADE");
            finds(db, "coverage", "Article", "ON DELETE CASCADE");
            cured(db);
        }
    }

    fn older_library(db: healthy) {
        db.execute("UPDATE handleref_database SET layout = 0");
        finds(db, "library", "handleref", "");
        cured(db);
    }

    fn newer_library(db: healthy) {
        db.execute("UPDATE handleref_database SET layout = 99");
        let found = finds(db, "library", "handleref", "");
        advised(&found, "update handleref");
    }

    fn foreign_tables(db: healthy) {
        db.execute("CREATE TABLE other_records (record_id BIGINT, recorded_at TIMESTAMP NULL, record_changeset BIGINT)");
        if db.engine == Engine::Mysql {
            db.execute("ALTER TABLE other_records ADD COLUMN record_stamp BIGINT");
        }
        db.execute("INSERT INTO handleref_recordings (record_table, began_at, began_record, backfilled) SELECT 'other_records', began_at, 1, 1 FROM handleref_recordings WHERE record_table = 'tag_records'");
        let found = finds(db, "library", "other_records", "no model of this program has this record table");
        advised(&found, "leave it");
        // A table is dropped by a person; then the list is put right.
        db.execute("DROP TABLE other_records");
        finds(db, "library", "other_records", "that is not there");
        cured(db);
    }

    fn replaced_table(db: healthy) {
        db.execute(match db.engine {
            Engine::Mysql => "SET foreign_key_checks = 0; DROP TABLE tags",
            Engine::Postgres | Engine::Sqlite => "DROP TABLE tags",
        });
        db.execute("CREATE TABLE tags (article_id INTEGER NOT NULL, tag VARCHAR(64) NOT NULL, PRIMARY KEY (article_id, tag))");
        db.execute("INSERT INTO tags (article_id, tag) VALUES (12, 'new')");
        finds(db, "triggers", "Tag", "is missing");
        finds(db, "coverage", "Tag", "1 have no record; such as Tag 12,new");
        cured(db);
    }

    fn future_records(db: healthy) {
        by_hand(db, "UPDATE article_records SET recorded_at = '2099-01-01 00:00:00' WHERE id = 12 AND record_version = 3");
        let found = finds(db, "clock", "article_records", "the last record is dated 2099-01-01");
        advised(&found, "clock right");
    }

    fn orphaned_changeset(db: healthy) {
        by_hand(db, "DELETE FROM handleref_changesets WHERE id = 2");
        finds(db, "changesets", "article_records", "1 record of a changeset that is not there");
        cured(db);
        assert_eq!(number(db, "(SELECT COUNT(*) FROM handleref_changesets)"), 5);
    }

    fn unended_changeset(db: healthy) {
        by_hand(db, "UPDATE handleref_changesets SET last_record = NULL WHERE id = 3");
        finds(db, "changesets", "#3", "1 changeset without an end");
        let before = piped(db, &["as-of", "#3", "Article", "12"]).out;
        cured(db);
        // The state behind it is found again, and is the one that it left.
        assert_eq!(piped(db, &["as-of", "#3", "Article", "12"]).out, before);
        assert!(before.contains("title       Hi\n"), "{before}");
    }

    fn unstamped_backlog(db: healthy) {
        if db.engine == Engine::Mysql {
            db.execute("CALL handleref_stamp()");
            assert_eq!(doctor(db).0, 0);
            db.execute("SET timestamp = UNIX_TIMESTAMP() + 1; UPDATE articles SET title = 'late' WHERE id = 7");
            by_hand(db, "UPDATE article_records SET recorded_at = recorded_at - INTERVAL 1 HOUR");
            finds(db, "settings", "", "1 record waited more than 10 minutes");
            cured(db);
        }
    }

    fn definer_gone(db: healthy) {
        if db.engine == Engine::Mysql {
            let name = db.url.rsplit('/').next().unwrap();
            let user = name.replace("handleref", "d");
            db.execute(&format!("CREATE USER {user}@localhost"));
            db.execute(&format!("GRANT ALL ON {name}.* TO {user}@localhost"));
            drop_trigger(db, "update");
            db.execute(&format!("CREATE DEFINER = {user}@localhost TRIGGER handleref_update_articles AFTER UPDATE ON articles FOR EACH ROW SET @nothing = 1"));
            db.execute(&format!("DROP USER {user}@localhost"));
            finds(db, "triggers", "Article", "handleref_update_articles");
            cured(db);
        }
    }

    fn changed_collation(db: healthy) {
        match db.engine {
            Engine::Mysql => db.execute("ALTER TABLE handleref_keep_tags DROP FOREIGN KEY handleref_kept_tags; ALTER TABLE tags MODIFY tag VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci NOT NULL"),
            Engine::Postgres => db.execute("ALTER TABLE tags ALTER COLUMN tag TYPE VARCHAR(64) COLLATE \"C\""),
            Engine::Sqlite => return,
        }
        let (_, answer) = doctor(db);
        assert!(!wrong(&answer).is_empty(), "{answer}");
        cured(db);
    }
}
