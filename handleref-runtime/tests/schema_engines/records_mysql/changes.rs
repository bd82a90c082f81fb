//! What statements leave in the records.
use super::{NOTES, NOTES_TABLE, PAIRS_TABLE, installed, notes, pairs, records};
use crate::support::Db;

#[test]
fn every_kind_of_statement() {
    let Some(mut conn) = installed("rec_kinds", NOTES_TABLE, &notes(NOTES)) else {
        return;
    };
    conn.sql("INSERT INTO notes (title) VALUES ('a'), ('b')");
    conn.sql("UPDATE notes SET title = 'A' WHERE id = 1");
    conn.sql("UPDATE notes SET title = title");
    conn.sql("UPDATE notes SET deleted_at = UTC_TIMESTAMP(6) WHERE id = 2");
    conn.sql("UPDATE notes SET deleted_at = NULL WHERE id = 2");
    conn.sql("DELETE FROM notes WHERE id = 2");
    conn.sql("INSERT INTO notes (id, title) VALUES (2, 'again')");
    assert_eq!(
        records(&mut conn),
        [
            "insert|1|1|a",
            "insert|1|2|b",
            "update|2|1|A",
            "soft_delete|2|2|b",
            "restore|3|2|b",
            "delete|4|2|b",
            "insert|5|2|again"
        ]
    );
    assert_eq!(
        conn.rows("id, version", "FROM notes ORDER BY id"),
        ["1|2", "2|5"]
    );
    // The times are those of the rows.
    assert_eq!(conn.row("COUNT(*)", "FROM notes n JOIN note_records r ON r.id = n.id AND r.version = n.version AND r.recorded_at = r.updated_at"), "2");
    // Nothing of what failed is left.
    conn.sql("SET @handleref_changeset = 17, @handleref_changeset_in = DATABASE()");
    assert!(
        conn.try_sql("INSERT INTO notes (id, title) VALUES (9, 'x'), (1, 'y')")
            .is_err()
    );
    conn.sql("START TRANSACTION; UPDATE notes SET title = 'gone'; ROLLBACK");
    assert_eq!(records(&mut conn).len(), 7);
    conn.sql("UPDATE notes SET title = 'c' WHERE id = 1");
    assert_eq!(
        conn.row(
            "record_changeset, title",
            "FROM note_records ORDER BY record_id DESC LIMIT 1"
        ),
        "17|c"
    );
    conn.sql(
        "SET @handleref_paused = 1; UPDATE notes SET title = 'secret'; SET @handleref_paused = 0",
    );
    assert_eq!(records(&mut conn).len(), 8);
    conn.sql("UPDATE notes SET title = 'open' WHERE id = 1; SET @handleref_paused = NULL");
    assert_eq!(records(&mut conn).pop().unwrap(), "update|5|1|open");
}

#[test]
fn replace_upsert_ignore() {
    let Some(mut conn) = installed("rec_replace", NOTES_TABLE, &notes(NOTES)) else {
        return;
    };
    conn.sql("INSERT INTO notes (id, title) VALUES (1, 'a')");
    conn.sql("REPLACE INTO notes (id, title) VALUES (1, 'b')");
    conn.sql("INSERT INTO notes (id, title) VALUES (1, 'c') ON DUPLICATE KEY UPDATE title = 'd'");
    conn.sql("INSERT INTO notes (id, title) VALUES (1, 'c') ON DUPLICATE KEY UPDATE title = 'd'");
    conn.sql("INSERT IGNORE INTO notes (id, title) VALUES (1, 'x'), (2, 'y')");
    conn.sql("DELETE FROM notes WHERE id = 1");
    conn.sql("REPLACE INTO notes (id, title) VALUES (1, 'e')");
    conn.sql("UPDATE IGNORE notes SET id = 2 WHERE id = 1");
    assert_eq!(
        records(&mut conn),
        [
            "insert|1|1|a",
            "delete|2|1|a",
            "insert|3|1|b",
            "update|4|1|d",
            "insert|1|2|y",
            "delete|5|1|d",
            "insert|6|1|e"
        ]
    );
    assert_eq!(
        conn.rows("id, version", "FROM notes ORDER BY id"),
        ["1|6", "2|1"]
    );
}

/// MariaDB runs triggers for rows that `UPDATE IGNORE` left as they were.
#[test]
fn ignored_updates() {
    let table = NOTES_TABLE.replace("title VARCHAR(50)", "title VARCHAR(50) UNIQUE");
    let Some(mut conn) = installed("rec_ignored", &table, &notes(NOTES)) else {
        return;
    };
    conn.sql("INSERT INTO notes (title) VALUES ('a'), ('b')");
    conn.sql("UPDATE IGNORE notes SET title = 'b'");
    conn.sql("UPDATE IGNORE notes SET id = 2 WHERE id = 1");
    conn.sql("UPDATE IGNORE notes SET id = 3, title = 'b' WHERE id = 1");
    conn.sql("UPDATE notes SET title = 'A' WHERE id = 1");
    conn.sql("UPDATE notes SET id = 3, title = 'c' WHERE id = 1");
    assert_eq!(
        records(&mut conn),
        [
            "insert|1|1|a",
            "insert|1|2|b",
            "update|2|1|A",
            "delete|3|1|A",
            "insert|3|3|c"
        ]
    );
}

#[test]
fn keys_that_change() {
    let Some(mut conn) = installed("rec_keys", NOTES_TABLE, &notes(NOTES)) else {
        return;
    };
    conn.sql("INSERT INTO notes (id, title) VALUES (1, 'a'), (2, 'b')");
    conn.sql("UPDATE notes SET title = 'bb' WHERE id = 2; UPDATE notes SET title = 'bbb' WHERE id = 2; DELETE FROM notes WHERE id = 2");
    conn.sql("UPDATE notes SET id = 2 WHERE id = 1");
    conn.sql("UPDATE notes SET id = 7, version = 100 WHERE id = 2");
    assert_eq!(
        records(&mut conn)[2..],
        [
            "update|2|2|bb",
            "update|3|2|bbb",
            "delete|4|2|bbb",
            "delete|2|1|a",
            "insert|5|2|a",
            "delete|6|2|a",
            "insert|100|7|a"
        ]
    );
    assert_eq!(conn.rows("id, version", "FROM notes"), ["7|100"]);
}

#[test]
fn rows_without_a_version() {
    let Some(mut conn) = installed("rec_pairs", PAIRS_TABLE, &pairs()) else {
        return;
    };
    conn.sql("INSERT INTO pairs VALUES (1, 'a', 1), (1, 'A', 2)");
    conn.sql("UPDATE pairs SET x = x; UPDATE pairs SET x = x + 1; UPDATE pairs SET b = 'z' WHERE b = 'a'; DELETE FROM pairs; INSERT INTO pairs VALUES (1, 'z', 5); REPLACE INTO pairs VALUES (1, 'z', 6)");
    let got = conn.rows(
        "record_operation, record_version, b, x",
        "FROM pair_records ORDER BY record_id",
    );
    assert_eq!(
        got,
        [
            "insert|1|a|1",
            "insert|1|A|2",
            "update|2|A|3",
            "update|2|a|2",
            "delete|3|a|2",
            "insert|1|z|2",
            "delete|3|A|3",
            "delete|2|z|2",
            "insert|3|z|5",
            "delete|4|z|5",
            "insert|5|z|6"
        ]
    );
}
