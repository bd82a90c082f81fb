//! What a model can ask of its recording.
use super::{NOTES, NOTES_TABLE, installed, notes, records};
use crate::support::{self, Db};
use handleref_runtime::history::facts::{
    Capture, Property, RecordedColumn as Column, Recording, Relative,
};

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
    // Triggers that look for baselines are right, but there are simpler ones.
    assert!(conn.check(&notes(NOTES)).is_ok());
    assert!(!conn.plan(&notes(NOTES)).is_empty());
    conn.install(&notes(NOTES)).unwrap();
    assert!(conn.check(&notes(NOTES)).is_ok() && conn.plan(&notes(NOTES)).is_empty());
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
