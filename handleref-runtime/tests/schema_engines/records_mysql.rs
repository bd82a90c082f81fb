//! What recording on MySQL and MariaDB has of its own.
use crate::support::{self, Db};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use handleref_runtime::model::Roles;
use handleref_runtime::record::facts::{
    Capture, Property, RecordedColumn as Column, Recording, Relative,
};
use handleref_runtime::schema::{ModelSchema, Schema};

diesel::table! { roles (id) { id -> Integer, version -> BigInt, updated_at -> Timestamp, deleted_at -> Nullable<Timestamp>, } }

const ROLES: Roles = Roles::NONE
    .with_version::<roles::version>()
    .with_updated_at::<roles::updated_at>()
    .with_deleted_at::<roles::deleted_at>();

const NOTES: Recording = Recording::new(
    "note_records",
    &[
        Column::new("id"),
        Column::new("title"),
        Column::new("version"),
        Column::new("updated_at"),
        Column::new("deleted_at"),
    ],
);

const NOTES_TABLE: &str = "CREATE TABLE notes (id INT PRIMARY KEY AUTO_INCREMENT, title VARCHAR(50), version BIGINT NOT NULL DEFAULT 1, \
     updated_at DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)), deleted_at DATETIME(6) NULL) ENGINE = InnoDB";

fn notes(recording: Recording) -> Schema {
    Schema::new([
        ModelSchema::described("Note", "`notes`", ROLES, &["id"]).with_recording(recording)
    ])
}

const PAIRS: Recording = Recording::new(
    "pair_records",
    &[Column::new("a"), Column::new("b"), Column::new("x")],
);
const PAIRS_TABLE: &str = "CREATE TABLE pairs (a INT, b VARCHAR(20) COLLATE utf8mb4_bin, x INT, PRIMARY KEY (a, b)) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4";

fn pairs() -> Schema {
    Schema::new([
        ModelSchema::described("Pair", "`pairs`", Roles::NONE, &["a", "b"]).with_recording(PAIRS),
    ])
}

fn installed(name: &str, table: &str, schema: &Schema) -> Option<MysqlConnection> {
    let mut conn = support::mysql(name)?;
    conn.sql(table);
    conn.install(schema).unwrap();
    let report = conn.check(schema);
    assert!(report.is_ok(), "{report}");
    assert!(conn.plan(schema).is_empty());
    Some(conn)
}

fn records(conn: &mut MysqlConnection) -> Vec<String> {
    conn.rows(
        "record_operation, record_version, id, title",
        // As they were written: the numbers of baselines are negative.
        "FROM note_records ORDER BY abs(record_id)",
    )
}

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
    conn.sql("SET @handleref_changeset = 17");
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

/// A transaction that does not see the last record counts on from it all the same.
#[test]
fn an_old_snapshot() {
    let Some(mut conn) = installed("rec_snapshot", PAIRS_TABLE, &pairs()) else {
        return;
    };
    let mut other =
        MysqlConnection::establish(&support::url("HANDLEREF_MYSQL_URL").unwrap()).unwrap();
    other.sql("USE hr_rec_snapshot");
    conn.sql("INSERT INTO pairs VALUES (1, 'a', 1)");
    conn.sql("START TRANSACTION WITH CONSISTENT SNAPSHOT");
    other.sql("UPDATE pairs SET x = 2; UPDATE pairs SET x = 3; DELETE FROM pairs; INSERT INTO pairs VALUES (1, 'a', 4)");
    conn.sql("UPDATE pairs SET x = 5; UPDATE pairs SET x = 6; DELETE FROM pairs; COMMIT");
    let got = conn.rows(
        "record_operation, record_version, x",
        "FROM pair_records ORDER BY record_id",
    );
    assert_eq!(
        got,
        [
            "insert|1|1",
            "update|2|2",
            "update|3|3",
            "delete|4|3",
            "insert|5|4",
            "update|6|5",
            "update|7|6",
            "delete|8|6"
        ]
    );
}

#[test]
fn the_past_stays() {
    let Some(mut conn) = installed("rec_past", NOTES_TABLE, &notes(NOTES)) else {
        return;
    };
    conn.sql("INSERT INTO notes (title) VALUES ('a')");
    for statement in [
        "UPDATE note_records SET title = 'x'",
        "DELETE FROM note_records",
        "REPLACE INTO note_records SELECT * FROM note_records",
        "TRUNCATE notes",
        "DROP TABLE notes",
    ] {
        let error = conn.try_sql(statement);
        assert!(error.is_err(), "{statement}");
        println!("{}", error.unwrap_err());
    }
    conn.sql("SET @handleref_door = 1; UPDATE note_records SET title = 'x'; DELETE FROM note_records; SET @handleref_door = NULL");
    conn.sql("DROP TABLE handleref_keep_notes");
    assert_eq!(conn.check(&notes(NOTES)).iter().count(), 1);
    conn.install(&notes(NOTES)).unwrap();
    assert!(conn.try_sql("TRUNCATE notes").is_err());
    // What was altered or dropped is made again.
    for trigger in [
        "handleref_update_notes",
        "handleref_continue_notes",
        "handleref_undeleted_note_records",
    ] {
        conn.sql(&format!("DROP TRIGGER {trigger}"));
        assert_eq!(
            support::kinds(&conn.check(&notes(NOTES))),
            ["MissingTrigger"]
        );
        conn.install(&notes(NOTES)).unwrap();
    }
    conn.sql("DROP TRIGGER handleref_insert_notes; CREATE TRIGGER handleref_insert_notes AFTER INSERT ON notes FOR EACH ROW SET @x = 1");
    assert_eq!(
        support::kinds(&conn.check(&notes(NOTES))),
        ["AlteredTrigger"]
    );
    conn.install(&notes(NOTES)).unwrap();
    assert!(conn.check(&notes(NOTES)).is_ok());
}

#[test]
fn rows_that_were_there() {
    let Some(mut conn) = support::mysql("rec_lazy") else {
        return;
    };
    conn.sql(NOTES_TABLE);
    conn.sql("INSERT INTO notes (title, version) VALUES ('a', 4), ('b', 1), ('c', 1), ('d', 3)");
    conn.install(&notes(NOTES)).unwrap();
    assert!(conn.check(&notes(NOTES)).is_ok());
    conn.sql("UPDATE notes SET title = 'A' WHERE id = 1; UPDATE notes SET title = 'AA' WHERE id = 1; DELETE FROM notes WHERE id = 2; UPDATE notes SET id = 30 WHERE id = 3; REPLACE INTO notes (id, title) VALUES (4, 'D')");
    assert_eq!(
        records(&mut conn),
        [
            "baseline|4|1|a",
            "update|5|1|A",
            "update|6|1|AA",
            "baseline|1|2|b",
            "delete|2|2|b",
            "baseline|1|3|c",
            "delete|2|3|c",
            "insert|2|30|c",
            "baseline|3|4|d",
            "delete|4|4|d",
            "insert|5|4|D"
        ]
    );
    assert_eq!(conn.row("COUNT(*)", "FROM note_records JOIN handleref_recordings ON recorded_at = began_at WHERE record_operation = 'baseline'"), "4");
    conn.sql("UPDATE handleref_recordings SET backfilled = 1");
    assert!(!conn.check(&notes(NOTES)).is_ok());
    conn.install(&notes(NOTES)).unwrap();
    assert!(conn.check(&notes(NOTES)).is_ok());
}

#[test]
fn foreign_keys_that_act() {
    let Some(mut conn) = support::mysql("rec_foreign") else {
        return;
    };
    conn.sql("CREATE TABLE parents (id INT PRIMARY KEY) ENGINE = InnoDB");
    conn.sql(NOTES_TABLE);
    conn.sql("ALTER TABLE notes ADD COLUMN parent INT, ADD CONSTRAINT of_parent FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE SET NULL");
    let error = conn.install(&notes(NOTES)).unwrap_err().to_string();
    assert!(
        error.contains("of_parent")
            && error.contains("parents")
            && error.contains("ON DELETE SET NULL"),
        "{error}"
    );
    conn.sql("ALTER TABLE notes DROP FOREIGN KEY of_parent, ADD CONSTRAINT to_parent FOREIGN KEY (parent) REFERENCES parents (id)");
    conn.install(&notes(NOTES)).unwrap();
    let report = conn.check(&notes(NOTES));
    assert!(report.is_ok(), "{report}");
    println!("{:?}", report.uncovered());
}

#[test]
fn tables_that_can_be_truncated() {
    let Some(mut conn) = support::mysql("rec_partitions") else {
        return;
    };
    conn.sql(&format!(
        "{NOTES_TABLE} PARTITION BY HASH (id) PARTITIONS 4"
    ));
    conn.install(&notes(NOTES)).unwrap();
    conn.sql("INSERT INTO notes (title) VALUES ('a')");
    assert_eq!(records(&mut conn), ["insert|1|1|a"]);
    let report = conn.check(&notes(NOTES));
    assert!(report.is_ok(), "{report}");
    assert!(
        report
            .uncovered()
            .iter()
            .any(|text| text.contains("partitioned")),
        "{:?}",
        report.uncovered()
    );
}

/// What a table took in a lax mode, its records take, too, in any mode.
#[test]
fn modes_and_character_sets() {
    let Some(mut conn) = support::mysql("rec_modes") else {
        return;
    };
    conn.sql("ALTER DATABASE hr_rec_modes CHARACTER SET latin1");
    conn.sql("CREATE TABLE `or``der` (`select` INT PRIMARY KEY, `it's` DATETIME, `\"key\"` VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, \
         `e` ENUM ('a', 'b'), `l` VARCHAR(10) CHARACTER SET latin1, `j` JSON, `b` BLOB, `d` DECIMAL(10,3), `u` BIGINT UNSIGNED) ENGINE = InnoDB");
    const ORDERS: Recording = Recording::new(
        "or`der records",
        &[
            Column::new("select"),
            Column::new("it's"),
            Column::new("\"key\""),
            Column::new("e"),
            Column::new("l"),
            Column::new("j"),
            Column::new("b"),
            Column::new("d"),
            Column::new("u"),
        ],
    )
    .with_condition("`select` > 0 AND COALESCE(`\"key\"`, '') <> 'it''s \\\\ no'")
    .with_properties(&[Property::new::<diesel::sql_types::Text>(
        "prop",
        Some("CONCAT(`or``der`.`\"key\"`, '→')"),
    )]);
    let schema =
        Schema::new([
            ModelSchema::described("Order", "`or``der`", Roles::NONE, &["select"])
                .with_recording(ORDERS),
        ]);
    for mode in [
        "TRADITIONAL,ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT",
        "",
        "ANSI_QUOTES",
    ] {
        conn.sql(&format!("SET sql_mode = '{mode}'"));
        let before = conn.row("@@SESSION.sql_mode", "");
        conn.install(&schema).unwrap();
        assert_eq!(conn.row("@@SESSION.sql_mode", ""), before);
        let report = conn.check(&schema);
        assert!(report.is_ok(), "{report}");
        for lax in ["", mode] {
            conn.sql(&format!("SET sql_mode = '{lax}'"));
            conn.sql("DELETE FROM `or``der`");
            let date = if lax.is_empty() {
                "0000-00-00"
            } else {
                "2020-02-02"
            };
            conn.sql(&format!("INSERT INTO `or``der` VALUES (1, '{date}', '🦀', 'b', 'ä', '{{\"a\": 1}}', x'00ff', 1.5, 18446744073709551615), (-1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)"));
            conn.sql("UPDATE `or``der` SET `\"key\"` = 'Ä'; UPDATE `or``der` SET `\"key\"` = 'ä'");
        }
        conn.sql("DELETE FROM `or``der`");
        conn.sql("DROP TRIGGER `handleref_insert_or``der`");
    }
    let got = conn.rows(
        "record_operation, `\"key\"`, prop, CONVERT(l USING utf8mb4)",
        "FROM `or``der records` ORDER BY record_id LIMIT 3",
    );
    assert_eq!(got, ["insert|🦀|🦀→|ä", "update|Ä|Ä→|ä", "update|ä|ä→|ä"]);
    assert_eq!(conn.row("COUNT(*)", "FROM `or``der records` WHERE u = 18446744073709551615 AND HEX(b) = '00FF' AND d = 1.5 AND e = 'b'"), "24");
    assert_eq!(
        conn.row("COUNT(*)", "FROM `or``der records` WHERE `it's` = 0"),
        "16"
    );
}

#[test]
fn less_than_everything() {
    const LESS: Recording = Recording::new(
        "note_records",
        &[
            Column::new("id"),
            Column::new("title"),
            Column::new("secret").with_capture(Capture::Redacted(Some("'***'"))),
            Column::new("code").with_capture(Capture::Redacted(None)),
            Column::new("seen").with_capture(Capture::Skipped(None)),
            Column::new("version"),
            Column::new("updated_at"),
            Column::new("deleted_at"),
        ],
    );
    let table = NOTES_TABLE.replace("version", "secret VARCHAR(10), code INT, seen INT, version");
    let Some(mut conn) = installed("rec_less", &table, &notes(LESS)) else {
        return;
    };
    conn.sql("INSERT INTO notes (title, secret, code, seen) VALUES ('a', 's', 1, 1)");
    conn.sql("UPDATE notes SET seen = 2; UPDATE notes SET secret = 'S'; UPDATE notes SET secret = 'x', code = 7, seen = 3; UPDATE notes SET title = 'b', seen = 4; UPDATE notes SET version = version + 1; DELETE FROM notes");
    assert_eq!(
        conn.rows(
            "record_operation, record_version, record_redacted, secret",
            "FROM note_records ORDER BY record_id"
        ),
        [
            "insert|1|NULL|***",
            "update|3|secret|***",
            "update|4|secret,code|***",
            "update|5|NULL|***",
            "update|6|NULL|***",
            "delete|7|NULL|***"
        ]
    );
    assert_eq!(
        conn.row(
            "COUNT(*)",
            "FROM note_records WHERE code IS NOT NULL OR seen IS NOT NULL"
        ),
        "0"
    );
}

#[test]
fn relatives_of_rows() {
    const COUNTED: Recording = NOTES
        .with_properties(&[Property::new::<diesel::sql_types::BigInt>(
            "comments",
            Some("(SELECT COUNT(*) FROM comments WHERE comments.note = notes.id)"),
        )])
        .with_relatives(&[Relative::new("comments", "comments.note = notes.id")]);
    let Some(mut conn) = support::mysql("rec_relatives") else {
        return;
    };
    conn.sql(NOTES_TABLE);
    conn.sql("CREATE TABLE comments (id INT PRIMARY KEY AUTO_INCREMENT, note INT, text VARCHAR(20)) ENGINE = InnoDB");
    conn.sql("INSERT INTO notes (title) VALUES ('old')");
    conn.install(&notes(COUNTED)).unwrap();
    let report = conn.check(&notes(COUNTED));
    assert!(report.is_ok(), "{report}");
    conn.sql("INSERT INTO notes (title) VALUES ('a'), ('b')");
    conn.sql("INSERT INTO comments (note, text) VALUES (2, 'x'), (2, 'y'), (1, 'z')");
    conn.sql("UPDATE comments SET text = 'w'");
    conn.sql("UPDATE comments SET note = 3 WHERE id = 1");
    conn.sql("DELETE FROM comments WHERE note = 3");
    conn.sql("DELETE FROM notes WHERE id = 2");
    assert_eq!(
        conn.rows(
            "record_operation, record_version, id, comments",
            "FROM note_records ORDER BY abs(record_id)"
        ),
        [
            "insert|1|2|0",
            "insert|1|3|0",
            "relative|1|2|1",
            "relative|1|2|2",
            "baseline|1|1|NULL",
            "relative|1|1|1",
            "relative|1|2|1",
            "relative|1|3|1",
            "relative|1|3|0",
            "delete|2|2|1"
        ]
    );
}

#[test]
fn another_database() {
    let Some(mut conn) = support::mysql("rec_elsewhere") else {
        return;
    };
    conn.sql("DROP DATABASE IF EXISTS hr_rec_home; CREATE DATABASE hr_rec_home");
    conn.sql(&NOTES_TABLE.replace("notes", "hr_rec_home.notes"));
    conn.sql("INSERT INTO hr_rec_home.notes (title) VALUES ('a')");
    let schema =
        Schema::new([
            ModelSchema::described("Note", "`hr_rec_home`.`notes`", ROLES, &["id"])
                .with_recording(NOTES),
        ]);
    conn.install(&schema).unwrap();
    let report = conn.check(&schema);
    assert!(report.is_ok(), "{report}");
    conn.sql("USE mysql; UPDATE hr_rec_home.notes SET title = 'b'; REPLACE INTO hr_rec_home.notes (id, title) VALUES (1, 'c')");
    assert_eq!(
        conn.rows(
            "record_operation, record_version, title",
            "FROM hr_rec_home.note_records ORDER BY record_id"
        ),
        ["baseline|1|a", "update|2|b", "delete|3|b", "insert|4|c"]
    );
    assert!(conn.try_sql("TRUNCATE hr_rec_home.notes").is_err());
}

/// Writers of different rows do not get in each other's way.
#[test]
fn at_the_same_time() {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    static FAILED: AtomicUsize = AtomicUsize::new(0);
    let Some(mut conn) = installed("rec_threads", NOTES_TABLE, &notes(NOTES)) else {
        return;
    };
    conn.sql(PAIRS_TABLE);
    conn.install(&pairs()).unwrap();
    let url = support::url("HANDLEREF_MYSQL_URL").unwrap();
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let url = url.clone();
            std::thread::spawn(move || {
                let mut conn = MysqlConnection::establish(&url).unwrap();
                conn.sql("USE hr_rec_threads");
                let start = std::time::Instant::now();
                let (mut round, mut done) = (0, 0);
                while start.elapsed().as_millis() < 1500 {
                    round += 1;
                    let (one, two) = (round * 8 + thread, (round * 8 + thread) + 4);
                    let statements = [
                        format!("INSERT INTO pairs VALUES ({one}, 'k', 0), ({two}, 'k', 0)"),
                        format!("INSERT INTO notes (id, title) VALUES ({one}, 'k')"),
                        format!("UPDATE pairs SET x = x + 1 WHERE a IN ({one}, {two})"),
                        format!("UPDATE notes SET title = CONCAT(title, 'x') WHERE id = {one}"),
                        format!("DELETE FROM pairs WHERE a = {one} AND b = 'k'"),
                        format!("INSERT INTO pairs VALUES ({one}, 'k', 3)"),
                        format!("REPLACE INTO notes (id, title) VALUES ({one}, 'r')"),
                    ];
                    let all = format!("BEGIN; {}; COMMIT", statements.join("; "));
                    match conn.batch_execute(&all) {
                        Ok(()) => done += 1,
                        Err(error) => {
                            eprintln!("{error}");
                            FAILED.fetch_add(1, SeqCst);
                            let _ = conn.batch_execute("ROLLBACK");
                        }
                    }
                }
                done
            })
        })
        .collect();
    let done: Vec<i32> = threads.into_iter().map(|it| it.join().unwrap()).collect();
    println!("{done:?} transactions, {} failed", FAILED.load(SeqCst));
    assert_eq!(FAILED.load(SeqCst), 0);
    assert_eq!(
        conn.row(
            "COUNT(*)",
            "FROM (SELECT a FROM pair_records GROUP BY a, b, record_version HAVING COUNT(*) > 1) x"
        ),
        "0"
    );
}
