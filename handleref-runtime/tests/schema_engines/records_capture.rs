//! Every way to change a row leaves the records that it should.
use crate::records_models::*;
use crate::support::Db;
use handleref_runtime::engine::Kind;
use handleref_runtime::model::Roles;

/// A recorded table with the rows 1 to 3.
fn start<C: Db>(conn: &mut C) {
    conn.sql(TABLE);
    conn.install(&schema_of(ARTICLE)).unwrap();
    conn.sql("INSERT INTO articles (id, title) VALUES (1, 'one'), (2, 'two'), (3, 'three')");
}

/// The same test on every engine; on SQLite also under `recursive_triggers`.
macro_rules! captures {
    ($(fn $name:ident($conn:ident) $body:block)*) => { $(
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            use $crate::support::{self, Db};
            fn body<C: Db>($conn: &mut C) $body
            #[test] fn sqlite() { support::sqlite("").as_mut().map(body); }
            #[test] fn sqlite_recursive() {
                let mut conn = support::sqlite("").unwrap();
                conn.sql("PRAGMA recursive_triggers = ON");
                body(&mut conn);
            }
            #[test] fn postgres() { support::postgres(concat!("capture_", stringify!($name))).as_mut().map(body); }
            #[test] fn mysql() { support::mysql(concat!("capture_", stringify!($name))).as_mut().map(body); }
        }
    )* };
}

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
        const ALSO: &[handleref_runtime::record::facts::RecordedColumn] = &[
            handleref_runtime::record::facts::RecordedColumn::new("id"),
            handleref_runtime::record::facts::RecordedColumn::new("title"),
            handleref_runtime::record::facts::RecordedColumn::new("updated_at"),
        ];
        conn.install(&with_roles(roles, handleref_runtime::record::facts::Recording::new("article_records", ALSO))).unwrap();
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
