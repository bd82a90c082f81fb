//! What recording on MySQL and MariaDB has of its own.
use crate::support::{self, Db};
use diesel::prelude::*;
use handleref_runtime::history::facts::{RecordedColumn as Column, Recording};
use handleref_runtime::model::Roles;
use handleref_runtime::schema::{ModelSchema, Schema};

mod changes;
mod concurrency;
mod models;
mod protection;
mod tables;

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
