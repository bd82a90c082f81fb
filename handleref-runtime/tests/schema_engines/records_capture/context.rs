//! What a connection says to the triggers, and one order over all records.
use super::start;
use crate::records_models::*;

captures! {
    fn paused(conn) {
        start(conn);
        set(conn, "paused", Some(1));
        conn.sql("UPDATE articles SET title = 'x' WHERE id = 1");
        conn.sql("DELETE FROM articles WHERE id = 2");
        conn.sql("INSERT INTO articles (id, title) VALUES (4, 'four')");
        set(conn, "paused", None);
        assert_eq!(conn.row("count(*)", "FROM article_records"), "3");
        assert_eq!(conn.row("version", "FROM articles WHERE id = 1"), "2");
        conn.sql("UPDATE articles SET title = 'y' WHERE id = 1");
        assert_eq!(history(conn, 1), ["1|insert|one|NULL", "3|update|y|NULL"]);
    }

    fn changesets(conn) {
        start(conn);
        set(conn, "changeset", Some(77));
        conn.sql("UPDATE articles SET title = 'x' WHERE id = 1");
        conn.sql("DELETE FROM articles WHERE id = 1");
        conn.sql("INSERT INTO articles (id, title) VALUES (1, 'x')");
        set(conn, "changeset", None);
        conn.sql("UPDATE articles SET title = 'y' WHERE id = 1");
        let changesets = conn.rows("record_changeset", "FROM article_records WHERE id = 1 ORDER BY record_id");
        assert_eq!(changesets, ["NULL", "77", "77", "77", "NULL"]);
    }

    fn append_only(conn) {
        start(conn);
        for sql in ["UPDATE article_records SET title = 'forged'", "DELETE FROM article_records", "UPDATE article_records SET record_version = 9 WHERE id = 1"] {
            let error = conn.try_sql(sql).unwrap_err().to_string();
            assert!(error.contains("append-only"), "{error}");
        }
        set(conn, "door", Some(1));
        conn.sql("DELETE FROM article_records WHERE id = 1");
        set(conn, "door", None);
        assert!(conn.try_sql("DELETE FROM article_records").is_err());
        assert_eq!(conn.row("count(*)", "FROM article_records"), "2");
    }

    fn one_order_over_all_tables(conn) {
        start(conn);
        conn.sql("CREATE TABLE [order] ([group] INTEGER NOT NULL, [it's] {text} NOT NULL, [select] {text}, PRIMARY KEY ([group], [it's]))");
        conn.install(&pairs()).unwrap();
        for round in 0..4 {
            conn.sql(&format!("INSERT INTO [order] VALUES ({round}, 'a', 'x')"));
            conn.sql(&format!("UPDATE articles SET title = '{round}'"));
        }
        let order = conn.rows("kind", "FROM (SELECT record_id, 'o' AS kind FROM order_records UNION ALL SELECT record_id, 'a' FROM article_records) x ORDER BY record_id");
        assert_eq!(order.concat(), "aaaoaaaoaaaoaaaoaaa");
    }
}
