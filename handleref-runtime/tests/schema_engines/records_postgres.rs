//! What is special to PostgreSQL when rows are recorded.
use crate::support::{self, Db, kinds};
use diesel::prelude::*;
use handleref_runtime::model::Roles;
use handleref_runtime::record::facts::{Capture, Property, RecordedColumn, Recording, Relative};
use handleref_runtime::schema::{ModelSchema, Schema};

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

#[test]
fn append_only() {
    let Some(conn) = &mut installed("pr_append") else {
        return;
    };
    conn.sql("INSERT INTO articles (id, title) VALUES (1, 'a')");
    for change in [
        "UPDATE article_records SET title = 'x'",
        "DELETE FROM article_records",
        "TRUNCATE article_records",
    ] {
        let error = conn.try_sql(change).unwrap_err().to_string();
        assert!(error.contains("append-only"), "{error}");
    }
    conn.sql("BEGIN; SET LOCAL handleref.door = '1'; DELETE FROM article_records; COMMIT");
    assert!(conn.try_sql("DELETE FROM article_records").is_err());
}

#[test]
fn settings() {
    let Some(conn) = &mut installed("pr_settings") else {
        return;
    };
    conn.sql("BEGIN; SELECT set_config('handleref.changeset', '7', true)");
    conn.sql("INSERT INTO articles (id, title) VALUES (1, 'a'), (2, 'b')");
    conn.sql("COMMIT; INSERT INTO articles (id, title) VALUES (3, 'c')");
    assert_eq!(
        conn.rows(
            "record_changeset, id",
            "FROM article_records ORDER BY record_id"
        ),
        ["7|1", "7|2", "NULL|3"]
    );
    conn.sql("BEGIN; SELECT set_config('handleref.paused', '1', true); UPDATE articles SET title = 'p'; DELETE FROM articles WHERE id = 3; COMMIT");
    assert_eq!(take(conn).len(), 3);
    conn.sql("SET session_replication_role = replica; UPDATE articles SET title = 'q'; SET session_replication_role = DEFAULT");
    conn.sql("UPDATE articles SET title = 'r' WHERE id = 1");
    // A version that was not recorded is missing; a key that went unseen goes on.
    assert_eq!(take(conn), ["update|3|1|r"]);
    conn.sql("INSERT INTO articles (id, title) VALUES (3, 'd')");
    assert_eq!(take(conn), ["insert|2|3|d"]);
    assert_eq!(conn.row("version", "FROM articles WHERE id = 3"), "2");
}

#[test]
fn rows_without_a_record() {
    let Some(conn) = &mut support::postgres("pr_lazy") else {
        return;
    };
    conn.sql(TABLE);
    conn.sql("INSERT INTO articles (id, title) SELECT i, 'old' FROM generate_series(1, 9) i");
    conn.sql("CREATE TABLE pairs (a INTEGER, b TEXT, note JSON, PRIMARY KEY (a, b)); INSERT INTO pairs VALUES (1, 'x', '{}')");
    let schema = schema([article(ARTICLES), pair()]);
    conn.install(&schema).unwrap();
    assert_eq!(
        conn.row(
            "backfilled",
            "FROM handleref_recordings WHERE record_table = 'article_records'"
        ),
        "0"
    );
    conn.sql("UPDATE articles SET title = title WHERE id < 3");
    assert_eq!(take(conn).len(), 0);
    conn.sql("UPDATE articles SET title = 'new' WHERE id = 1");
    conn.sql("UPDATE articles SET title = 'newer' WHERE id = 1");
    assert_eq!(
        take(conn),
        ["baseline|1|1|old", "update|2|1|new", "update|3|1|newer"]
    );
    conn.sql("UPDATE articles SET title = 'new' WHERE id IN (1, 2)");
    assert_eq!(
        take_all(conn),
        ["baseline|1|2|old", "update|2|2|new", "update|4|1|new"]
    );
    conn.sql("DELETE FROM articles WHERE id IN (1, 3)");
    assert_eq!(
        take_all(conn),
        ["baseline|1|3|old", "delete|2|3|old", "delete|5|1|new"]
    );
    conn.sql("DELETE FROM articles WHERE id = 4");
    assert_eq!(take(conn), ["baseline|1|4|old", "delete|2|4|old"]);
    conn.sql("UPDATE articles SET id = 15 WHERE id = 5");
    assert_eq!(
        take(conn),
        ["baseline|1|5|old", "delete|2|5|old", "insert|2|15|old"]
    );
    conn.sql("TRUNCATE articles");
    assert_eq!(take(conn).len(), 2 + 4 * 2);
    assert_eq!(
        conn.row("count(*)", "FROM article_records r, handleref_recordings h WHERE record_operation = 'baseline' AND r.recorded_at <> h.began_at AND h.record_table = 'article_records'"),
        "0"
    );
    conn.sql("UPDATE pairs SET note = '{ }'");
    conn.sql("UPDATE pairs SET note = '{ }'");
    conn.sql("DELETE FROM pairs");
    conn.sql("INSERT INTO pairs VALUES (1, 'x', NULL), (2, 'x', NULL)");
    assert_eq!(
        conn.rows(
            "record_operation, record_version, a, note",
            "FROM pair_records ORDER BY record_id"
        ),
        [
            "baseline|1|1|{}",
            "update|2|1|{ }",
            "delete|3|1|{ }",
            "insert|4|1|NULL",
            "insert|1|2|NULL"
        ]
    );
    assert!(conn.check(&schema).is_ok());
}

#[test]
fn any_type_and_name() {
    let Some(conn) = &mut support::postgres("pr_names") else {
        return;
    };
    conn.sql("DROP SCHEMA IF EXISTS \"hr_pr Select\" CASCADE; CREATE SCHEMA \"hr_pr Select\"");
    conn.sql(
        "CREATE TABLE \"hr_pr Select\".\"group\" (\"old\" INTEGER, \"new\" TEXT, \"rows\" POINT, \"first\" JSON, \"n\" XML, \
         \"last\" INTEGER GENERATED ALWAYS AS (\"old\" * 2) STORED, \"order\" NUMERIC, PRIMARY KEY (\"old\", \"new\"))",
    );
    const GROUP: Recording = Recording::new(
        "user",
        &[
            column("old"),
            column("new"),
            column("rows"),
            column("first"),
            column("n"),
            column("last"),
            column("order"),
        ],
    );
    let model = ModelSchema::described(
        "Group",
        "\"hr_pr Select\".\"group\"",
        Roles::NONE,
        &["old", "new"],
    )
    .with_recording(GROUP);
    let schema = schema([model]);
    conn.install(&schema).unwrap();
    assert!(
        conn.check(&schema).is_ok(),
        "{:?}",
        kinds(&conn.check(&schema))
    );
    conn.sql("SET search_path = pg_catalog");
    let table = "\"hr_pr Select\".\"group\"";
    conn.sql(&format!("INSERT INTO {table} VALUES (1, 'a', '(1,2)', '[]', '<a/>', DEFAULT, 1.0), (2, 'b', NULL, NULL, NULL, DEFAULT, NULL)"));
    conn.sql(&format!(
        "UPDATE {table} SET \"order\" = 1.00, \"first\" = '[ ]' WHERE \"old\" = 1"
    ));
    conn.sql(&format!("UPDATE {table} SET \"rows\" = \"rows\""));
    conn.sql(&format!("UPDATE {table} SET \"old\" = 7 WHERE \"old\" = 1"));
    conn.sql(&format!("DELETE FROM {table}"));
    assert_eq!(
        conn.rows(
            "record_operation, record_version, \"last\", \"order\"",
            "FROM \"hr_pr Select\".\"user\" ORDER BY record_id"
        ),
        [
            "insert|1|2|1.0",
            "insert|1|4|NULL",
            "update|2|2|1.00",
            "delete|3|2|1.00",
            "insert|1|14|1.00",
            "delete|2|4|NULL",
            "delete|2|14|1.00"
        ]
    );
}

#[test]
fn partitions() {
    let Some(conn) = &mut support::postgres("pr_partitions") else {
        return;
    };
    conn.sql("CREATE TABLE articles (id INTEGER PRIMARY KEY, title TEXT) PARTITION BY RANGE (id)");
    conn.sql("CREATE TABLE low PARTITION OF articles FOR VALUES FROM (0) TO (100); CREATE TABLE high (title TEXT, id INTEGER NOT NULL)");
    conn.sql("ALTER TABLE articles ATTACH PARTITION high FOR VALUES FROM (100) TO (200)");
    conn.install(&schema([article(ARTICLES)])).unwrap();
    conn.sql("INSERT INTO articles (id, title) VALUES (1, 'a'), (2, 'a'), (101, 'b')");
    conn.sql("UPDATE articles SET title = 'c'");
    take(conn);
    // To another partition.
    conn.sql("UPDATE articles SET id = id + 100 WHERE id = 2");
    assert_eq!(take(conn), ["delete|3|2|c", "insert|3|102|c"]);
    conn.sql("UPDATE articles SET id = CASE id WHEN 1 THEN 103 ELSE id END, title = 'd'");
    assert_eq!(
        take_all(conn),
        [
            "delete|3|1|c",
            "insert|3|103|d",
            "update|3|101|d",
            "update|4|102|d"
        ]
    );
    conn.sql(
        "DELETE FROM articles WHERE id = 101; INSERT INTO articles (id, title) VALUES (101, 'e')",
    );
    assert_eq!(take(conn), ["delete|4|101|d", "insert|5|101|e"]);
    agree_versions(conn);
    let report = conn.check(&schema([article(ARTICLES)]));
    println!("{report:?}");
    assert!(report.is_ok());
}

#[test]
fn plans_do_not_age() {
    let Some(conn) = &mut installed("pr_plans") else {
        return;
    };
    conn.sql("INSERT INTO articles (id, title) VALUES (0, 'a'); UPDATE articles SET title = 'b'");
    conn.sql("VACUUM ANALYZE article_records");
    conn.sql("VACUUM ANALYZE articles");
    let start = std::time::Instant::now();
    for i in 1..4 {
        conn.sql(&format!(
            "INSERT INTO articles (id, title) VALUES (-{i}, 'a')"
        ));
        conn.sql(&format!("UPDATE articles SET title = 'c' WHERE id = -{i}"));
        conn.sql(&format!("DELETE FROM articles WHERE id = -{i}"));
    }
    conn.sql("INSERT INTO articles (id, title) SELECT i, 't' FROM generate_series(1, 100000) i");
    println!("inserted {:?}", start.elapsed());
    conn.sql("UPDATE articles SET title = 'u'");
    println!("updated {:?}", start.elapsed());
    // One by one, with the plans of an almost empty record table.
    conn.sql("DO $$ BEGIN FOR i IN 1..3000 LOOP UPDATE articles SET title = 'v' WHERE id = i; DELETE FROM articles WHERE id = i; INSERT INTO articles (id, title) VALUES (i, 'w'); END LOOP; END $$");
    println!("one by one {:?}", start.elapsed());
    conn.sql("DELETE FROM articles");
    conn.sql("INSERT INTO articles (id, title) SELECT i, 't' FROM generate_series(0, 100000) i");
    println!("again {:?}", start.elapsed());
    assert!(start.elapsed().as_secs() < 60);
    assert_eq!(
        conn.row("min(version), max(version)", "FROM articles"),
        "4|7"
    );
    agree(conn);
}

#[test]
fn skipped_redacted_condition() {
    let Some(conn) = &mut support::postgres("pr_parts") else {
        return;
    };
    conn.sql("CREATE TABLE articles (id INTEGER PRIMARY KEY, title TEXT, views INTEGER, secret TEXT, pin TEXT)");
    const PARTS: Recording = Recording::new(
        "article_records",
        &[
            column("id"),
            column("title"),
            column("views").with_capture(Capture::Skipped(Some("0"))),
            column("secret").with_capture(Capture::Redacted(None)),
            column("pin").with_capture(Capture::Redacted(Some("'***'"))),
            column("version"),
            column("updated_at"),
            column("deleted_at"),
        ],
    )
    .with_condition("title <> 'draft'");
    let schema = schema([article(PARTS)]);
    conn.install(&schema).unwrap();
    assert!(conn.check(&schema).is_ok());
    conn.sql("INSERT INTO articles (id, title, views, secret) VALUES (1, 'draft', 0, 's'), (2, 'b', 0, 's')");
    conn.sql("UPDATE articles SET views = views + 1");
    conn.sql("UPDATE articles SET version = version + 1 WHERE id = 2");
    conn.sql("UPDATE articles SET secret = 't', pin = '1' WHERE id = 2");
    conn.sql("UPDATE articles SET views = 7, pin = '2'");
    conn.sql("UPDATE articles SET title = 'a' WHERE id = 1");
    conn.sql("DELETE FROM articles");
    assert_eq!(
        conn.rows(
            "record_operation || record_version || title || views, record_redacted, secret, pin",
            "FROM article_records ORDER BY id, record_id"
        ),
        [
            "update4a0|NULL|NULL|***",
            "delete5a0|NULL|NULL|***",
            "insert1b0|NULL|NULL|***",
            "update3b0|NULL|NULL|***",
            "update4b0|secret,pin|NULL|***",
            "update5b0|pin|NULL|***",
            "delete6b0|NULL|NULL|***",
        ]
    );
}

#[test]
fn properties_and_relatives() {
    let Some(conn) = &mut support::postgres("pr_properties") else {
        return;
    };
    conn.sql(TABLE);
    conn.sql("CREATE TABLE comments (id INTEGER PRIMARY KEY, article_id INTEGER REFERENCES articles ON DELETE CASCADE, text TEXT)");
    const PROPERTIES: Recording = Recording::new("article_records", COLUMNS)
        .with_properties(&[
            Property::new::<diesel::sql_types::Integer>(
                "comment_count",
                Some("SELECT count(*) FROM comments WHERE comments.article_id = articles.id"),
            ),
            Property::new::<diesel::sql_types::Text>("upper_title", Some("upper(title)")),
            Property::new::<diesel::sql_types::Text>("by_rust", None),
        ])
        .with_relatives(&[Relative::new(
            "comments",
            "comments.article_id = articles.id",
        )]);
    let schema = schema([article(PROPERTIES)]);
    conn.install(&schema).unwrap();
    assert!(
        conn.check(&schema).is_ok(),
        "{:?}",
        kinds(&conn.check(&schema))
    );
    conn.sql("INSERT INTO articles (id, title) VALUES (1, 'a'), (2, 'b'), (3, 'c')");
    // Whatever the search path is.
    conn.sql("SET search_path = pg_catalog");
    conn.sql("INSERT INTO hr_pr_properties.comments VALUES (1, 1, 'x'), (2, 1, 'y'), (3, 2, 'z')");
    conn.sql("UPDATE hr_pr_properties.comments SET text = 'same count'");
    conn.sql("UPDATE hr_pr_properties.comments SET article_id = 2 WHERE id = 1");
    conn.sql("UPDATE hr_pr_properties.articles SET title = 'bb' WHERE id = 2");
    conn.sql("DELETE FROM hr_pr_properties.comments WHERE id IN (1, 3)");
    conn.sql("INSERT INTO hr_pr_properties.comments VALUES (9, 3, 'x')");
    conn.sql("DELETE FROM hr_pr_properties.articles WHERE id = 1");
    conn.sql("TRUNCATE hr_pr_properties.comments");
    conn.sql("SET search_path = hr_pr_properties");
    let mut rows = conn.rows(
        "id, record_operation, record_version, comment_count || upper_title",
        "FROM article_records ORDER BY id, record_id",
    );
    rows.retain(|row| !row.contains("insert"));
    assert_eq!(
        rows,
        [
            "1|relative|1|2A",
            "1|relative|1|1A",
            "1|delete|2|1A",
            "2|relative|1|1B",
            "2|relative|1|2B",
            "2|update|2|2BB",
            "2|relative|2|0BB",
            "3|relative|1|1C",
            "3|relative|1|0C",
        ]
    );
}

#[test]
fn drift() {
    let Some(conn) = &mut installed("pr_drift") else {
        return;
    };
    let schema = schema([article(ARTICLES)]);
    let mut broken = |sql: &str, kind: &str| {
        conn.sql(sql);
        assert_eq!(kinds(&conn.check(&schema)), [kind], "{sql}");
        let plan = conn.install(&schema).unwrap();
        assert!(!plan.is_empty());
        assert!(conn.check(&schema).is_ok(), "{sql}");
    };
    broken(
        "DROP TRIGGER handleref_update_articles ON articles",
        "MissingTrigger",
    );
    broken(
        "ALTER TABLE articles DISABLE TRIGGER handleref_truncate_articles",
        "DisabledTrigger",
    );
    broken(
        "ALTER TABLE article_records DISABLE TRIGGER ALL",
        "DisabledTrigger",
    );
    broken(
        "ALTER FUNCTION handleref_insert_articles() RESET jit",
        "AlteredTrigger",
    );
    broken(
        "ALTER FUNCTION handleref_insert_articles() SECURITY DEFINER",
        "AlteredTrigger",
    );
    broken(
        "CREATE OR REPLACE FUNCTION handleref_delete_articles() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "AlteredTrigger",
    );
    broken(
        "DROP TRIGGER handleref_delete_articles ON articles; CREATE TRIGGER handleref_delete_articles AFTER DELETE ON articles \
         REFERENCING OLD TABLE AS handleref_old FOR EACH STATEMENT WHEN (false) EXECUTE FUNCTION handleref_delete_articles()",
        "AlteredTrigger",
    );
    conn.sql("INSERT INTO articles (id, title) VALUES (1, 'a'); UPDATE articles SET title = 'b'; DELETE FROM articles");
    assert_eq!(take(conn).len(), 3);
}

#[test]
fn rights_of_a_writer() {
    let Some(conn) = &mut installed("pr_rights") else {
        return;
    };
    conn.sql("DROP ROLE IF EXISTS hr_pr_writer; CREATE ROLE hr_pr_writer; GRANT USAGE ON SCHEMA hr_pr_rights TO hr_pr_writer");
    conn.sql("GRANT SELECT, INSERT, UPDATE, DELETE ON articles TO hr_pr_writer");
    conn.sql("SET ROLE hr_pr_writer");
    let error = conn
        .try_sql("INSERT INTO articles (id, title) VALUES (1, 'a')")
        .unwrap_err();
    assert!(error.to_string().contains("permission denied"), "{error}");
    conn.sql("RESET ROLE; GRANT SELECT, INSERT ON article_records TO hr_pr_writer; GRANT USAGE ON SEQUENCE handleref_record_id TO hr_pr_writer; SET ROLE hr_pr_writer");
    conn.sql("INSERT INTO articles (id, title) VALUES (1, 'a'); UPDATE articles SET title = 'b'; DELETE FROM articles; INSERT INTO articles (id, title) VALUES (1, 'a')");
    conn.sql("RESET ROLE");
    assert_eq!(take(conn).len(), 4);
    conn.sql("DROP OWNED BY hr_pr_writer; DROP ROLE hr_pr_writer");
}
