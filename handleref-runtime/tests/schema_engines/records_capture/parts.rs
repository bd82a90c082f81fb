//! What a model has recorded, and what it has left out.
use crate::records_models::*;

captures! {
    fn skipped_columns(conn) {
        conn.sql(TABLE);
        conn.sql("ALTER TABLE articles ADD COLUMN extra {text}");
        conn.install(&schema_of(SKIPPING)).unwrap();
        conn.sql("INSERT INTO articles (id, title, note, extra) VALUES (1, 'a', 'n', 'e')");
        conn.sql("UPDATE articles SET note = 'm' WHERE id = 1");
        // The guard counts it all the same.
        assert_eq!(conn.row("version", "FROM articles"), "2");
        conn.sql("UPDATE articles SET note = 'o', title = 'b' WHERE id = 1");
        conn.sql("UPDATE articles SET version = 9 WHERE id = 1");
        assert_eq!(history(conn, 1), ["1|insert|a|NULL", "3|update|b|NULL", "9|update|b|NULL"]);
        assert_eq!(conn.rows("extra", "FROM article_records"), ["-", "-", "-"]);
    }

    fn redacted_columns(conn) {
        conn.sql(TABLE);
        conn.install(&schema_of(REDACTING)).unwrap();
        conn.sql("INSERT INTO articles (id, title, note) VALUES (1, 'a', 'n')");
        conn.sql("UPDATE articles SET note = 'm' WHERE id = 1");
        conn.sql("UPDATE articles SET note = NULL, title = 'x' WHERE id = 1");
        conn.sql("UPDATE articles SET deleted_at = '2020-01-01 00:00:00' WHERE id = 1");
        conn.sql("DELETE FROM articles");
        let records = conn.rows("record_operation, record_redacted, title, note", "FROM article_records ORDER BY record_id");
        let expected = ["insert|NULL|***|NULL", "update|note|***|NULL", "update|title,note|***|NULL", "soft_delete|NULL|***|NULL", "delete|NULL|***|NULL"];
        assert_eq!(records, expected);
    }

    fn under_a_condition(conn) {
        conn.sql(TABLE);
        conn.install(&schema_of(CONDITIONAL)).unwrap();
        conn.sql("INSERT INTO articles (id, title, note) VALUES (1, 'a', 'draft'), (2, 'b', NULL)");
        conn.sql("UPDATE articles SET title = 'c'");
        conn.sql("UPDATE articles SET note = 'final'");
        conn.sql("UPDATE articles SET note = 'draft' WHERE id = 2");
        conn.sql("DELETE FROM articles");
        assert_eq!(history(conn, 1), ["3|update|c|final", "4|delete|c|final"]);
        assert_eq!(history(conn, 2), ["1|insert|b|NULL", "2|update|c|NULL", "3|update|c|final"]);
    }

    fn properties_and_relatives(conn) {
        conn.sql(TABLE);
        conn.sql("CREATE TABLE comments (id INTEGER NOT NULL PRIMARY KEY, article_id INTEGER, text {text})");
        conn.install(&schema_of(COUNTING)).unwrap();
        conn.sql("INSERT INTO articles (id, title) VALUES (1, 'one'), (2, 'two'), (3, 'three')");
        conn.sql("INSERT INTO comments (id, article_id, text) VALUES (1, 1, 'x'), (2, 1, 'y'), (3, 2, 'z'), (4, NULL, '')");
        conn.sql("UPDATE comments SET text = 'changed'");
        conn.sql("UPDATE articles SET title = 'ONE' WHERE id = 1");
        conn.sql("UPDATE comments SET article_id = 3 WHERE id = 2");
        conn.sql("DELETE FROM comments WHERE id = 1");
        conn.sql("DELETE FROM articles WHERE id = 1");
        conn.sql("INSERT INTO comments (id, article_id) VALUES (9, 1)");
        let mut of = |id: i32| conn.rows("record_version, record_operation, comments, shout", &format!("FROM article_records WHERE id = {id} ORDER BY record_id"));
        let mut one = of(1);
        // Engines with row triggers have a record for each comment.
        one.retain(|record| record != "1|relative|1|ONE");
        assert_eq!(one, ["1|insert|0|ONE", "1|relative|2|ONE", "2|update|2|ONE", "2|relative|1|ONE", "2|relative|0|ONE", "3|delete|0|ONE"]);
        assert_eq!(of(2), ["1|insert|0|TWO", "1|relative|1|TWO"]);
        assert_eq!(of(3), ["1|insert|0|THREE", "1|relative|1|THREE"]);
        assert_eq!(conn.row("version", "FROM articles WHERE id = 3"), "1");
        assert!(conn.check(&schema_of(COUNTING)).is_ok(), "{}", conn.check(&schema_of(COUNTING)));
        // A relative less: its triggers go.
        let fewer = COUNTING.with_relatives(&[]);
        conn.install(&schema_of(fewer)).unwrap();
        assert!(conn.check(&schema_of(fewer)).is_ok());
        conn.sql("INSERT INTO comments (id, article_id) VALUES (10, 3)");
        assert_eq!(conn.row("count(*)", "FROM article_records WHERE id = 3"), "2");
    }
}
