//! Recorded models of which only the schema is asked for, and their tables.
use crate::models::articles;
use crate::support::Db;
use handleref_runtime::engine::Kind;
use handleref_runtime::history::facts::{Capture, Property, RecordedColumn, Recording, Relative};
use handleref_runtime::model::Roles;
use handleref_runtime::schema::{ModelSchema, Schema};

type Column = RecordedColumn;
const fn column(name: &'static str) -> Column {
    Column::new(name)
}

pub const ROLES: Roles = Roles::NONE
    .with_version::<articles::version>()
    .with_created_at::<articles::created_at>()
    .with_updated_at::<articles::updated_at>()
    .with_deleted_at::<articles::deleted_at>();
const COLUMNS: &[Column] = &[
    column("id"),
    column("title"),
    column("note"),
    column("version"),
    column("created_at"),
    column("updated_at"),
    column("deleted_at"),
];
pub const ARTICLE: Recording = Recording::new("article_records", COLUMNS);
pub const TABLE: &str =
    "CREATE TABLE articles (id INTEGER NOT NULL PRIMARY KEY, title {text} NOT NULL, note {text})";
const ID: &[&str] = &["id"];

pub fn schema_of(recording: Recording) -> Schema {
    let model = ModelSchema::described("Article", "`articles`", ROLES, ID);
    Schema::new([model.with_recording(recording)])
}

/// A model of the same table that has neither version nor timestamps.
pub fn bare(columns: &'static [Column]) -> Schema {
    with_roles(Roles::NONE, Recording::new("article_records", columns))
}

pub fn with_roles(roles: Roles, recording: Recording) -> Schema {
    let model = ModelSchema::described("Bare", "`articles`", roles, ID);
    Schema::new([model.with_recording(recording)])
}

pub const BARE: &[Column] = &[column("id"), column("title"), column("note")];
pub const SKIPPING: Recording = Recording::new(
    "article_records",
    &[
        column("id"),
        column("title"),
        column("note").with_capture(Capture::Skipped(None)),
        column("extra").with_capture(Capture::Skipped(Some("'-'"))),
        column("version"),
        column("created_at"),
        column("updated_at"),
        column("deleted_at"),
    ],
);
pub const REDACTING: Recording = Recording::new(
    "article_records",
    &[
        column("id"),
        column("title").with_capture(Capture::Redacted(Some("'***'"))),
        column("note").with_capture(Capture::Redacted(None)),
        column("version"),
        column("created_at"),
        column("updated_at"),
        column("deleted_at"),
    ],
);
pub const CONDITIONAL: Recording =
    ARTICLE.with_condition("articles.note IS NULL OR note <> 'draft'");
pub const COUNTING: Recording = ARTICLE
    .with_properties(&[
        Property::new::<diesel::sql_types::BigInt>(
            "comments",
            Some("(SELECT count(*) FROM comments WHERE comments.article_id = articles.id)"),
        ),
        Property::new::<diesel::sql_types::Text>("shout", Some("upper(title)")),
        Property::new::<diesel::sql_types::Integer>("later", None),
    ])
    .with_relatives(&[Relative::new(
        "comments",
        "comments.article_id = articles.id",
    )]);

pub const PAIRS: Recording = Recording::new(
    "order_records",
    &[column("group"), column("it's"), column("select")],
);
/// A composite key, and names that need quotes.
pub fn pairs() -> Schema {
    let model = ModelSchema::described("Order", "`order`", Roles::NONE, &["group", "it's"]);
    Schema::new([model.with_recording(PAIRS)])
}

const VERSIONED: Recording = Recording::new(
    "article_records",
    &[
        column("id"),
        column("title"),
        column("note"),
        column("version"),
    ],
);
/// A status says which rows are deleted.
pub fn status() -> Schema {
    let roles = Roles::NONE
        .with_version::<articles::version>()
        .with_status::<articles::note>()
        .with_deleted_status("gone");
    with_roles(roles, VERSIONED)
}

/// The records of a row: version, operation, title, and the version in the snapshot.
pub fn history<C: Db>(conn: &mut C, id: i32) -> Vec<String> {
    conn.rows(
        "record_version, record_operation, title, note",
        &format!("FROM article_records WHERE id = {id} ORDER BY record_id"),
    )
}

/// Sets what a connection tells the triggers: `changeset`, `paused`, `door`.
pub fn set<C: Db>(conn: &mut C, name: &str, value: Option<i64>) {
    let sql = match C::KIND {
        Kind::Sqlite => {
            let unset = if name == "changeset" { "NULL" } else { "0" };
            let value = value.map_or(unset.to_owned(), |it| it.to_string());
            format!("UPDATE handleref_context SET {name} = {value}")
        }
        Kind::Postgres => {
            let value = value.map_or(String::new(), |it| it.to_string());
            // Each schema has settings of its own.
            format!(
                "SELECT set_config('handleref.{name}_' || 'handleref_changesets'::regclass::oid, '{value}', false)"
            )
        }
        _ => {
            let value = value.map_or("NULL".to_owned(), |it| it.to_string());
            // A changeset is one of a database.
            format!("SET @handleref_{name} = {value}, @handleref_{name}_in = DATABASE()")
        }
    };
    conn.sql(&sql);
}

/// `INSERT` that updates the title of a row that is there.
pub fn upsert(kind: Kind, values: &str) -> String {
    let clause = match kind {
        Kind::Mysql => "ON DUPLICATE KEY UPDATE title = VALUES(title)",
        _ => "ON CONFLICT (id) DO UPDATE SET title = excluded.title",
    };
    format!("INSERT INTO articles (id, title) VALUES {values} {clause}")
}

/// Every row is as its last record has it; and a row that is gone has a `delete`.
pub fn agrees<C: Db>(conn: &mut C) {
    let last = "JOIN article_records r ON r.record_id = (SELECT max(record_id) FROM article_records l WHERE l.id = r.id)";
    let wrong = conn.rows(
        "a.id, a.version, r.record_version, r.record_operation",
        &format!(
            "FROM articles a {last} WHERE r.id = a.id AND (r.record_operation = 'delete' OR r.record_version <> a.version \
             OR r.version <> a.version OR r.title <> a.title OR coalesce(r.note, '-') <> coalesce(a.note, '-') \
             OR r.updated_at <> a.updated_at OR r.created_at <> a.created_at OR (r.deleted_at IS NULL) <> (a.deleted_at IS NULL))"
        ),
    );
    assert!(wrong.is_empty(), "{wrong:?}");
    let missing = conn.rows(
        "id",
        "FROM articles WHERE id NOT IN (SELECT id FROM article_records)",
    );
    assert!(missing.is_empty(), "no record of {missing:?}");
    let gone = "FROM article_records r WHERE id NOT IN (SELECT id FROM articles) AND record_operation <> 'delete' \
                AND NOT EXISTS (SELECT 1 FROM article_records l WHERE l.id = r.id AND l.record_id > r.record_id)";
    let gone = conn.rows("id", gone);
    assert!(gone.is_empty(), "no delete of {gone:?}");
    let twice = conn.rows("id, record_version", "FROM article_records WHERE record_operation <> 'relative' GROUP BY id, record_version HAVING count(*) > 1");
    assert!(twice.is_empty(), "{twice:?}");
}
