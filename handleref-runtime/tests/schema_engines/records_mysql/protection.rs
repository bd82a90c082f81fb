//! Nobody forges the past or goes round the triggers.
use super::{NOTES, NOTES_TABLE, installed, notes, records};
use crate::support::{self, Db};

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
