//! What statements leave in the records.
use super::start;
use crate::records_models::*;
use handleref_runtime::engine::Kind;

captures! {
    fn insert_update_delete(conn) {
        start(conn);
        conn.sql("UPDATE articles SET title = 'ONE' WHERE id = 1");
        conn.sql("UPDATE articles SET note = NULL, title = 'two' WHERE id = 2");
        conn.sql("UPDATE articles SET note = '' WHERE id = 2");
        conn.sql("DELETE FROM articles WHERE id = 1");
        assert_eq!(history(conn, 1), ["1|insert|one|NULL", "2|update|ONE|NULL", "3|delete|ONE|NULL"]);
        assert_eq!(history(conn, 2), ["1|insert|two|NULL", "2|update|two|"]);
        assert_eq!(history(conn, 3), ["1|insert|three|NULL"]);
        let snapshot = conn.rows("version, deleted_at", "FROM article_records WHERE id = 1 ORDER BY record_id");
        assert_eq!(snapshot, ["1|NULL", "2|NULL", "2|NULL"]);
        agrees(conn);
    }

    fn times_are_those_of_the_row(conn) {
        start(conn);
        conn.tick();
        conn.sql("UPDATE articles SET title = 'x' WHERE id < 3");
        let late = conn.rows("recorded_at, updated_at", "FROM article_records WHERE record_operation = 'update'");
        let one = late[0].split_once('|').unwrap();
        assert_eq!(one.0, one.1);
        assert_eq!(late[0], late[1], "one clock per statement");
        agrees(conn);
    }

    fn bulk_and_select(conn) {
        start(conn);
        conn.sql("INSERT INTO articles (id, title, note) SELECT id + 10, title, 'copy' FROM articles");
        conn.sql("UPDATE articles SET title = 'all' WHERE id < 12");
        conn.sql("DELETE FROM articles WHERE note = 'copy'");
        assert_eq!(history(conn, 1), ["1|insert|one|NULL", "2|update|all|NULL"]);
        assert_eq!(history(conn, 11), ["1|insert|one|copy", "2|update|all|copy", "3|delete|all|copy"]);
        assert_eq!(history(conn, 12), ["1|insert|two|copy", "2|delete|two|copy"]);
        agrees(conn);
    }

    fn upserts(conn) {
        start(conn);
        conn.sql(&upsert(C::KIND, "(1, 'up'), (2, 'two'), (9, 'new')"));
        let nothing = match C::KIND {
            Kind::Mysql => "INSERT IGNORE INTO articles (id, title) VALUES (1, 'no'), (8, 'yes')",
            _ => "INSERT INTO articles (id, title) VALUES (1, 'no'), (8, 'yes') ON CONFLICT DO NOTHING",
        };
        conn.sql(nothing);
        assert_eq!(history(conn, 1), ["1|insert|one|NULL", "2|update|up|NULL"]);
        assert_eq!(history(conn, 2), ["1|insert|two|NULL"]);
        assert_eq!(history(conn, 9), ["1|insert|new|NULL"]);
        assert_eq!(history(conn, 8), ["1|insert|yes|NULL"]);
        agrees(conn);
    }

    fn replace(conn) {
        if C::KIND == Kind::Postgres { return }
        start(conn);
        conn.sql("REPLACE INTO articles (id, title) VALUES (1, 'uno'), (9, 'nueve')");
        assert_eq!(history(conn, 1), ["1|insert|one|NULL", "2|delete|one|NULL", "3|insert|uno|NULL"]);
        assert_eq!(history(conn, 9), ["1|insert|nueve|NULL"]);
        conn.sql("UPDATE articles SET title = 'x' WHERE id = 1");
        conn.sql("DELETE FROM articles WHERE id = 1");
        conn.sql("REPLACE INTO articles (id, title) VALUES (1, 'eins')");
        conn.sql("REPLACE INTO articles (id, title, version) VALUES (1, 'far', 50)");
        assert_eq!(history(conn, 1)[3..], ["4|update|x|NULL", "5|delete|x|NULL", "6|insert|eins|NULL", "7|delete|eins|NULL", "50|insert|far|NULL"]);
        agrees(conn);
    }

    fn truncate(conn) {
        if C::KIND == Kind::Sqlite { return }
        start(conn);
        let truncated = conn.try_sql("TRUNCATE TABLE articles");
        match C::KIND {
            Kind::Postgres => {
                truncated.unwrap();
                assert_eq!(history(conn, 3), ["1|insert|three|NULL", "2|delete|three|NULL"]);
                assert!(conn.try_sql("TRUNCATE TABLE article_records").is_err());
            }
            _ => assert!(truncated.is_err()),
        }
        agrees(conn);
    }

    fn nothing_changed_nothing_recorded(conn) {
        start(conn);
        conn.sql("UPDATE articles SET title = title");
        conn.sql("UPDATE articles SET title = 'one' WHERE id = 1");
        conn.sql("UPDATE articles SET title = 'x' WHERE id = 99");
        conn.sql("DELETE FROM articles WHERE id = 99");
        assert_eq!(conn.row("count(*), max(record_version)", "FROM article_records"), "3|1");
        // Byte by byte, whatever the collation.
        conn.sql("UPDATE articles SET title = 'One' WHERE id = 1");
        assert_eq!(history(conn, 1).len(), 2);
    }

    fn a_failed_statement_leaves_nothing(conn) {
        start(conn);
        assert!(conn.try_sql("INSERT INTO articles (id, title) VALUES (7, 'x'), (1, 'again')").is_err());
        conn.sql("BEGIN");
        conn.sql("UPDATE articles SET title = 'kept' WHERE id = 1");
        conn.sql("SAVEPOINT a");
        conn.sql("UPDATE articles SET title = 'lost' WHERE id = 1");
        conn.sql("DELETE FROM articles WHERE id = 2");
        conn.sql("ROLLBACK TO SAVEPOINT a");
        conn.sql("UPDATE articles SET title = 'late' WHERE id = 1");
        conn.sql("COMMIT");
        conn.sql("BEGIN");
        conn.sql("DELETE FROM articles");
        conn.sql("ROLLBACK");
        assert_eq!(history(conn, 1), ["1|insert|one|NULL", "2|update|kept|NULL", "3|update|late|NULL"]);
        assert_eq!(conn.row("count(*)", "FROM article_records"), "5");
        agrees(conn);
    }

    fn verbs_and_mirrors(conn) {
        start(conn);
        // A verb raises the version itself.
        conn.sql("UPDATE articles SET title = 'v', version = version + 1 WHERE id = 1");
        // A mirror copies rows as they are.
        conn.sql("UPDATE articles SET version = 40, updated_at = '2030-01-01 00:00:00' WHERE id = 2");
        // A stale writer cannot take a version back.
        conn.sql("UPDATE articles SET version = 3, title = 'stale' WHERE id = 2");
        assert_eq!(history(conn, 1), ["1|insert|one|NULL", "2|update|v|NULL"]);
        assert_eq!(history(conn, 2), ["1|insert|two|NULL", "40|update|two|NULL", "41|update|stale|NULL"]);
        agrees(conn);
    }

    fn cascades_of_foreign_keys(conn) {
        if C::KIND == Kind::Sqlite {
            conn.sql("PRAGMA foreign_keys = ON");
        }
        let engine = if C::KIND == Kind::Mysql { "ENGINE=InnoDB" } else { "" };
        conn.sql(&format!("CREATE TABLE topics (id INTEGER NOT NULL PRIMARY KEY) {engine}; INSERT INTO topics VALUES (1), (2)"));
        conn.sql(&format!("CREATE TABLE articles (id INTEGER NOT NULL PRIMARY KEY, title {{text}} NOT NULL, note {{text}}, topic_id INTEGER, \
                  CONSTRAINT of_topic FOREIGN KEY (topic_id) REFERENCES topics (id) ON DELETE CASCADE ON UPDATE SET NULL) {engine}"));
        let schema = schema_of(ARTICLE);
        if C::KIND == Kind::Mysql {
            // No trigger sees them there.
            let plan = conn.plan(&schema);
            assert!(plan.to_string().contains("of_topic"), "{plan}");
            assert!(conn.install(&schema).is_err());
            return;
        }
        conn.install(&schema).unwrap();
        conn.sql("INSERT INTO articles (id, title, topic_id) VALUES (1, 'a', 1), (2, 'b', 2)");
        conn.sql("DELETE FROM topics WHERE id = 1");
        conn.sql("UPDATE topics SET id = 5");
        assert_eq!(history(conn, 1), ["1|insert|a|NULL", "2|delete|a|NULL"]);
        // The column is none of the model's, but the guard sees it.
        assert_eq!(history(conn, 2), ["1|insert|b|NULL", "2|update|b|NULL"]);
        agrees(conn);
    }
}
