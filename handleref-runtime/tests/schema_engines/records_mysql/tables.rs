//! Tables of every name, type and place.
use super::{NOTES, NOTES_TABLE, ROLES};
use crate::support::{self, Db};
use handleref_runtime::history::facts::{Property, RecordedColumn as Column, Recording};
use handleref_runtime::model::Roles;
use handleref_runtime::schema::{ModelSchema, Schema};

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
