//! What is special to PostgreSQL when rows are recorded.
use crate::support::{self, Db};
use diesel::prelude::*;
use handleref_runtime::history::facts::{RecordedColumn, Recording};
use handleref_runtime::model::Roles;
use handleref_runtime::schema::{ModelSchema, Schema};

mod changes;
mod models;
mod protection;
mod tables;

diesel::table! { articles (id) { id -> Integer, title -> Text, version -> BigInt, updated_at -> Timestamp, deleted_at -> Nullable<Timestamp>, } }

const fn column(name: &'static str) -> RecordedColumn {
    RecordedColumn::new(name)
}

const COLUMNS: &[RecordedColumn] = &[
    column("id"),
    column("title"),
    column("version"),
    column("updated_at"),
    column("deleted_at"),
];
const ARTICLES: Recording = Recording::new("article_records", COLUMNS);
const PAIRS: Recording =
    Recording::new("pair_records", &[column("a"), column("b"), column("note")]);

fn roles() -> Roles {
    Roles::NONE
        .with_version::<articles::version>()
        .with_updated_at::<articles::updated_at>()
        .with_deleted_at::<articles::deleted_at>()
}

fn article(recording: Recording) -> ModelSchema {
    ModelSchema::described("Article", "\"articles\"", roles(), &["id"]).with_recording(recording)
}

fn pair() -> ModelSchema {
    ModelSchema::described("Pair", "\"pairs\"", Roles::NONE, &["a", "b"]).with_recording(PAIRS)
}

fn schema(models: impl IntoIterator<Item = ModelSchema>) -> Schema {
    Schema::new(models)
}

const TABLE: &str = "CREATE TABLE articles (id INTEGER PRIMARY KEY, title TEXT)";

fn installed(name: &str) -> Option<PgConnection> {
    let mut conn = support::postgres(name)?;
    conn.sql(TABLE);
    conn.install(&schema([article(ARTICLES)])).unwrap();
    Some(conn)
}

/// Takes what has been recorded since the last call: operation, version, key, title.
fn take(conn: &mut PgConnection) -> Vec<String> {
    let rows = conn.rows(
        "record_operation, record_version, id, title",
        // As they were written: the numbers of baselines are negative.
        "FROM article_records ORDER BY abs(record_id)",
    );
    conn.sql("CREATE TABLE IF NOT EXISTS taken (n BIGINT)");
    let taken: usize = conn.row("max(n)", "FROM taken").parse().unwrap_or(0);
    conn.sql(&format!("INSERT INTO taken VALUES ({})", rows.len()));
    rows.into_iter().skip(taken).collect()
}

/// The same, of a statement of several rows, which are recorded in any order.
fn take_all(conn: &mut PgConnection) -> Vec<String> {
    let mut rows = take(conn);
    rows.sort();
    rows
}

/// Whether the newest record of each row is the row, and there is none else.
fn agree(conn: &mut PgConnection) {
    let newest = "SELECT DISTINCT ON (id) * FROM article_records ORDER BY id, record_id DESC";
    let differing = conn.row(
        "count(*)",
        &format!(
            "FROM articles t FULL JOIN (SELECT * FROM ({newest}) l WHERE record_operation <> 'delete') r ON r.id = t.id \
             WHERE ROW(t.id, t.title, t.version, t.updated_at, t.deleted_at) IS DISTINCT FROM ROW(r.id, r.title, r.version, r.updated_at, r.deleted_at)"
        ),
    );
    assert_eq!(differing, "0");
    let dense = conn.row(
        "count(*)",
        "FROM (SELECT record_version - lag(record_version) OVER (PARTITION BY id ORDER BY record_id) AS step FROM article_records) s WHERE step <> 1",
    );
    assert_eq!(dense, "0", "versions are dense");
}

/// The newest record is the row; versions need not start at 1.
fn agree_versions(conn: &mut PgConnection) {
    let rows = conn.rows("id, title, version", "FROM articles ORDER BY id");
    let newest = "(SELECT DISTINCT ON (id) * FROM article_records ORDER BY id, record_id DESC) l";
    let records = conn.rows(
        "id, title, record_version",
        &format!("FROM {newest} WHERE record_operation <> 'delete' ORDER BY id"),
    );
    assert_eq!(rows, records);
}
