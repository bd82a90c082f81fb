//! What statements leave in the records.
use super::{ARTICLES, agree, agree_versions, article, column, installed, schema, take, take_all};
use crate::support::{self, Db};
use handleref_runtime::history::facts::Recording;

#[test]
fn one_row() {
    let Some(conn) = &mut installed("pr_one_row") else {
        return;
    };
    assert!(conn.check(&schema([article(ARTICLES)])).is_ok());
    conn.sql("INSERT INTO articles (id, title) VALUES (1, 'a')");
    conn.sql("UPDATE articles SET title = 'b'");
    conn.sql("UPDATE articles SET title = 'b'");
    conn.sql("UPDATE articles SET title = 'x' WHERE id = 99");
    conn.sql("UPDATE articles SET deleted_at = now()");
    conn.sql("UPDATE articles SET deleted_at = NULL");
    conn.sql("UPDATE articles SET title = 'm', version = version + 1");
    agree(conn);
    conn.sql("DELETE FROM articles");
    assert_eq!(
        take(conn),
        [
            "insert|1|1|a",
            "update|2|1|b",
            "soft_delete|3|1|b",
            "restore|4|1|b",
            "update|5|1|m",
            "delete|6|1|m"
        ]
    );
    conn.sql("INSERT INTO articles (id, title) VALUES (1, 'again')");
    conn.sql("UPDATE articles SET title = 'more'");
    assert_eq!(take(conn), ["insert|7|1|again", "update|8|1|more"]);
    agree(conn);
}

#[test]
fn many_rows() {
    let Some(conn) = &mut installed("pr_many_rows") else {
        return;
    };
    conn.sql("INSERT INTO articles (id, title) SELECT i, 't' || i FROM generate_series(1, 5) i");
    assert_eq!(take(conn).len(), 5);
    conn.sql("UPDATE articles SET title = CASE WHEN id < 4 THEN 'x' ELSE title END");
    assert_eq!(
        take_all(conn),
        ["update|2|1|x", "update|2|2|x", "update|2|3|x"]
    );
    conn.sql("DELETE FROM articles WHERE id IN (1, 5)");
    assert_eq!(take_all(conn), ["delete|2|5|t5", "delete|3|1|x"]);
    // One key is new, one goes on, one comes with a higher version.
    conn.sql(
        "INSERT INTO articles (id, title, version) VALUES (6, 'y', 1), (1, 'y', 1), (5, 'y', 9)",
    );
    assert_eq!(
        take_all(conn),
        ["insert|1|6|y", "insert|4|1|y", "insert|9|5|y"]
    );
    conn.sql("UPDATE articles SET title = 'all'");
    assert_eq!(take(conn).len(), 6);
    agree_versions(conn);
}

#[test]
fn keys_that_change() {
    let Some(conn) = &mut support::postgres("pr_keys") else {
        return;
    };
    conn.sql(
        "CREATE TABLE articles (id INTEGER PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, title TEXT)",
    );
    conn.install(&schema([article(ARTICLES)])).unwrap();
    conn.sql("INSERT INTO articles (id, title) VALUES (1, 'a'), (2, 'b'), (3, 'c')");
    conn.sql("UPDATE articles SET title = 'bb' WHERE id = 2");
    take(conn);
    conn.sql("UPDATE articles SET id = 4 WHERE id = 3");
    assert_eq!(take(conn), ["delete|2|3|c", "insert|2|4|c"]);
    // Two rows change places.
    conn.sql("UPDATE articles SET id = 3 - id WHERE id IN (1, 2)");
    assert_eq!(
        take_all(conn),
        [
            "delete|2|1|a",
            "delete|3|2|bb",
            "insert|3|1|bb",
            "insert|4|2|a"
        ]
    );
    agree_versions(conn);
    conn.sql("UPDATE articles SET id = id + 1, title = title || id");
    let rows = take(conn);
    assert_eq!(rows.len(), 6, "{rows:?}");
    agree_versions(conn);
}

#[test]
fn every_statement() {
    let Some(conn) = &mut installed("pr_every") else {
        return;
    };
    conn.sql("INSERT INTO articles (id, title) VALUES (1, 'a') ON CONFLICT (id) DO UPDATE SET title = excluded.title");
    conn.sql("INSERT INTO articles (id, title) VALUES (1, 'b'), (2, 'b') ON CONFLICT (id) DO UPDATE SET title = excluded.title");
    conn.sql("INSERT INTO articles (id, title) VALUES (1, 'c') ON CONFLICT DO NOTHING");
    assert_eq!(
        take_all(conn),
        ["insert|1|1|a", "insert|1|2|b", "update|2|1|b"]
    );
    conn.sql(
        "MERGE INTO articles t USING (VALUES (1, 'm'), (2, NULL), (3, 'm')) AS s (id, title) ON s.id = t.id \
         WHEN MATCHED AND s.title IS NULL THEN DELETE WHEN MATCHED THEN UPDATE SET title = s.title \
         WHEN NOT MATCHED THEN INSERT (id, title) VALUES (s.id, s.title)",
    );
    assert_eq!(
        take_all(conn),
        ["delete|2|2|b", "insert|1|3|m", "update|3|1|m"]
    );
    conn.sql("WITH d AS (DELETE FROM articles WHERE id = 3 RETURNING id), u AS (UPDATE articles SET title = 'w' WHERE id = 1) INSERT INTO articles (id, title) SELECT id + 7, 'w' FROM d");
    assert_eq!(
        take_all(conn),
        ["delete|2|3|m", "insert|1|10|w", "update|4|1|w"]
    );
    conn.sql("TRUNCATE articles");
    assert_eq!(take_all(conn), ["delete|2|10|w", "delete|5|1|w"]);
    agree(conn);
}

#[test]
fn copies() {
    let Some(conn) = &mut installed("pr_copies") else {
        return;
    };
    conn.sql("COPY articles (id) FROM PROGRAM 'seq 3'");
    assert_eq!(
        take(conn),
        ["insert|1|1|NULL", "insert|1|2|NULL", "insert|1|3|NULL"]
    );
}

#[test]
fn foreign_keys() {
    let Some(conn) = &mut installed("pr_foreign") else {
        return;
    };
    conn.sql("CREATE TABLE parents (id INTEGER PRIMARY KEY)");
    conn.sql("ALTER TABLE articles ADD parent INTEGER REFERENCES parents ON DELETE CASCADE ON UPDATE CASCADE");
    const WITH_PARENT: Recording = Recording::new(
        "article_records",
        &[
            column("id"),
            column("title"),
            column("parent"),
            column("version"),
            column("updated_at"),
            column("deleted_at"),
        ],
    );
    conn.install(&schema([article(WITH_PARENT)])).unwrap();
    conn.sql("INSERT INTO parents VALUES (1), (2); INSERT INTO articles (id, title, parent) VALUES (1, 'a', 1), (2, 'b', 1), (3, 'c', 2)");
    take(conn);
    conn.sql("UPDATE parents SET id = 5 WHERE id = 1");
    assert_eq!(take(conn), ["update|2|1|a", "update|2|2|b"]);
    conn.sql("DELETE FROM parents WHERE id = 5");
    assert_eq!(take(conn), ["delete|3|1|a", "delete|3|2|b"]);
    conn.sql("TRUNCATE parents CASCADE");
    assert_eq!(take(conn), ["delete|2|3|c"]);
}

#[test]
fn rolled_back() {
    let Some(conn) = &mut installed("pr_rolled") else {
        return;
    };
    conn.sql("INSERT INTO articles (id, title) VALUES (1, 'a')");
    conn.sql("DELETE FROM articles");
    take(conn);
    conn.sql("BEGIN");
    conn.sql("SAVEPOINT s");
    conn.sql("INSERT INTO articles (id, title) VALUES (1, 'gone')");
    conn.sql("ROLLBACK TO s");
    conn.sql("INSERT INTO articles (id, title) VALUES (1, 'kept')");
    conn.sql("SAVEPOINT t");
    conn.sql("UPDATE articles SET title = 'gone'");
    assert!(
        conn.try_sql("INSERT INTO articles (id, title) VALUES (1, 'twice')")
            .is_err()
    );
    conn.sql("ROLLBACK TO t");
    conn.sql("COMMIT");
    assert_eq!(take(conn), ["insert|3|1|kept"]);
    conn.sql("UPDATE articles SET title = 'later'");
    assert_eq!(take(conn), ["update|4|1|later"]);
    // The amended version is within what a deferred constraint sees.
    agree(conn);
}
