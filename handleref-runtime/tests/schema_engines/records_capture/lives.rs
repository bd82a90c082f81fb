//! A row from its beginning to its end, and on; its key and its version.
use super::start;
use crate::records_models::*;
use handleref_runtime::model::Roles;

captures! {
    fn a_second_life_goes_on(conn) {
        start(conn);
        conn.sql("UPDATE articles SET title = 'x' WHERE id = 1");
        conn.sql("DELETE FROM articles WHERE id = 1");
        conn.sql("INSERT INTO articles (id, title) VALUES (1, 'back')");
        assert_eq!(conn.row("version", "FROM articles WHERE id = 1"), "4");
        conn.sql("UPDATE articles SET title = 'y' WHERE id = 1");
        let expected = ["1|insert|one|NULL", "2|update|x|NULL", "3|delete|x|NULL", "4|insert|back|NULL", "5|update|y|NULL"];
        assert_eq!(history(conn, 1), expected);
        conn.sql("DELETE FROM articles WHERE id = 1");
        conn.sql("INSERT INTO articles (id, title, version) VALUES (1, 'far', 70), (4, 'new', 7)");
        assert_eq!(history(conn, 1).last().unwrap(), "70|insert|far|NULL");
        assert_eq!(history(conn, 4), ["7|insert|new|NULL"]);
        agrees(conn);
    }

    fn a_changed_key(conn) {
        start(conn);
        conn.sql("UPDATE articles SET id = 5, title = 'moved' WHERE id = 1");
        assert_eq!(history(conn, 1), ["1|insert|one|NULL", "2|delete|one|NULL"]);
        assert_eq!(history(conn, 5), ["2|insert|moved|NULL"]);
        assert_eq!(conn.row("version", "FROM articles WHERE id = 5"), "2");
        agrees(conn);
        // Onto a key that had a longer life.
        conn.sql("UPDATE articles SET title = 'a' WHERE id = 2");
        conn.sql("UPDATE articles SET title = 'b' WHERE id = 2");
        conn.sql("DELETE FROM articles WHERE id = 2");
        conn.sql("UPDATE articles SET id = 2 WHERE id = 3");
        assert_eq!(history(conn, 2).last().unwrap(), "5|insert|three|NULL");
        assert_eq!(conn.row("version", "FROM articles WHERE id = 2"), "5");
        assert_eq!(history(conn, 3), ["1|insert|three|NULL", "2|delete|three|NULL"]);
        agrees(conn);
        // All of them at once.
        conn.sql("UPDATE articles SET id = id + 100");
        assert_eq!(history(conn, 105).len(), 1);
        agrees(conn);
    }

    fn soft_deletes(conn) {
        start(conn);
        conn.sql("UPDATE articles SET deleted_at = '2020-01-01 00:00:00' WHERE id = 1");
        conn.sql("UPDATE articles SET deleted_at = '2021-01-01 00:00:00' WHERE id = 1");
        conn.sql("UPDATE articles SET deleted_at = NULL, title = 'x' WHERE id = 1");
        let operations = conn.rows("record_operation, record_version", "FROM article_records WHERE id = 1 ORDER BY record_id");
        assert_eq!(operations, ["insert|1", "soft_delete|2", "update|3", "restore|4"]);
        agrees(conn);
    }

    fn a_status_says_who_is_deleted(conn) {
        conn.sql(TABLE);
        conn.install(&status()).unwrap();
        conn.sql("INSERT INTO articles (id, title, note) VALUES (1, 'a', NULL)");
        for note in ["'ok'", "'gone'", "'ok'", "NULL", "'gone'", "NULL"] {
            conn.sql(&format!("UPDATE articles SET note = {note} WHERE id = 1"));
        }
        let operations = conn.rows("record_operation", "FROM article_records ORDER BY record_id");
        assert_eq!(operations, ["insert", "update", "soft_delete", "restore", "update", "soft_delete", "restore"]);
    }

    fn without_a_version(conn) {
        conn.sql(TABLE);
        conn.install(&bare(BARE)).unwrap();
        conn.sql("INSERT INTO articles (id, title) VALUES (1, 'a'), (2, 'b')");
        conn.sql("UPDATE articles SET title = 'c'");
        conn.sql("UPDATE articles SET title = 'c'");
        conn.sql("DELETE FROM articles WHERE id = 1");
        conn.sql("INSERT INTO articles (id, title) VALUES (1, 'd')");
        conn.sql("UPDATE articles SET id = 3 WHERE id = 1");
        assert_eq!(history(conn, 1), ["1|insert|a|NULL", "2|update|c|NULL", "3|delete|c|NULL", "4|insert|d|NULL", "5|delete|d|NULL"]);
        assert_eq!(history(conn, 2), ["1|insert|b|NULL", "2|update|c|NULL"]);
        assert_eq!(history(conn, 3), ["1|insert|d|NULL"]);
    }

    fn with_updated_at_alone(conn) {
        conn.sql(TABLE);
        let roles = Roles::NONE.with_updated_at::<crate::models::articles::updated_at>();
        const ALSO: &[handleref_runtime::history::facts::RecordedColumn] = &[
            handleref_runtime::history::facts::RecordedColumn::new("id"),
            handleref_runtime::history::facts::RecordedColumn::new("title"),
            handleref_runtime::history::facts::RecordedColumn::new("updated_at"),
        ];
        conn.install(&with_roles(roles, handleref_runtime::history::facts::Recording::new("article_records", ALSO))).unwrap();
        conn.sql("INSERT INTO articles (id, title) VALUES (1, 'a')");
        conn.tick();
        conn.sql("UPDATE articles SET title = 'b'");
        conn.sql("UPDATE articles SET updated_at = '2035-01-01 00:00:00'");
        conn.sql("UPDATE articles SET title = 'c'");
        let records = conn.rows("record_version, record_operation, title", "FROM article_records ORDER BY record_id");
        assert_eq!(records, ["1|insert|a", "2|update|b", "3|update|b", "4|update|c"]);
        let times = conn.rows("r.title", "FROM article_records r JOIN articles a ON a.updated_at = r.updated_at WHERE r.record_version = 4");
        assert_eq!(times, ["c"]);
    }

    fn composite_keys_and_hostile_names(conn) {
        conn.sql("CREATE TABLE [order] ([group] INTEGER NOT NULL, [it's] {text} NOT NULL, [select] {text}, PRIMARY KEY ([group], [it's]))");
        let schema = pairs();
        let plan = conn.install(&schema).unwrap();
        assert!(conn.check(&schema).is_ok(), "{}", conn.check(&schema));
        conn.sql("INSERT INTO [order] VALUES (1, 'a', 'x'), (1, 'b', 'y'), (2, 'a', 'z')");
        conn.sql("UPDATE [order] SET [select] = 'w' WHERE [group] = 1");
        conn.sql("UPDATE [order] SET [it's] = 'c' WHERE [group] = 1 AND [it's] = 'b'");
        conn.sql("DELETE FROM [order] WHERE [group] = 2");
        let rows = conn.rows("[group], [it's], record_version, record_operation", "FROM order_records ORDER BY [group], [it's], record_id");
        let expected = ["1|a|1|insert", "1|a|2|update", "1|b|1|insert", "1|b|2|update", "1|b|3|delete", "1|c|1|insert", "2|a|1|insert", "2|a|2|delete"];
        assert_eq!(rows, expected);
        conn.sql("DELETE FROM [order]");
        for statement in plan.down() {
            conn.batch_execute(statement).unwrap_or_else(|error| panic!("{error}\n{statement}"));
        }
        assert_eq!(conn.plan(&schema), plan);
    }

    fn rows_that_were_there_before(conn) {
        conn.sql(TABLE);
        conn.sql("INSERT INTO articles (id, title) VALUES (1, 'one'), (2, 'two'), (3, 'three'), (4, 'four')");
        conn.install(&schema_of(ARTICLE)).unwrap();
        assert_eq!(conn.row("backfilled, record_table", "FROM handleref_recordings"), "0|article_records");
        conn.tick();
        conn.sql("UPDATE articles SET title = 'ONE' WHERE id = 1");
        conn.sql("DELETE FROM articles WHERE id = 2");
        conn.sql("UPDATE articles SET id = 7 WHERE id = 3");
        conn.sql("UPDATE articles SET title = title WHERE id = 4");
        conn.sql("INSERT INTO articles (id, title) VALUES (8, 'new')");
        assert_eq!(history(conn, 1), ["1|baseline|one|NULL", "2|update|ONE|NULL"]);
        assert_eq!(history(conn, 2), ["1|baseline|two|NULL", "2|delete|two|NULL"]);
        assert_eq!(history(conn, 3), ["1|baseline|three|NULL", "2|delete|three|NULL"]);
        assert_eq!(history(conn, 7), ["2|insert|three|NULL"]);
        assert_eq!(history(conn, 4), [""; 0]);
        assert_eq!(history(conn, 8), ["1|insert|new|NULL"]);
        let began = conn.row("began_at", "FROM handleref_recordings");
        assert_eq!(conn.row("recorded_at", "FROM article_records WHERE record_operation = 'baseline' LIMIT 1"), began);
        // Once all rows have records, the triggers need not look any more.
        conn.sql("UPDATE handleref_recordings SET backfilled = 1");
        let plan = conn.install(&schema_of(ARTICLE)).unwrap();
        assert!(!plan.is_empty());
        assert!(conn.check(&schema_of(ARTICLE)).is_ok());
        conn.sql("UPDATE articles SET title = 'x' WHERE id = 1");
        assert_eq!(history(conn, 1).len(), 3);
    }
}
