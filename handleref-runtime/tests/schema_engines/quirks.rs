//! What only one of the engines has.
use crate::install::OLD;
use crate::models::{Article, Bare, Slugged, Zoned, ZonedText};
use crate::support::{self, Db, kinds};
use handleref_runtime::schema;

#[test]
fn sqlite_strict_tables_and_tables_without_rowid() {
    for options in ["STRICT", "WITHOUT ROWID", "STRICT, WITHOUT ROWID"] {
        let mut conn = support::sqlite("").unwrap();
        conn.sql(&format!(
            "CREATE TABLE articles (id INTEGER PRIMARY KEY, title TEXT, note TEXT) {options}"
        ));
        conn.sql("INSERT INTO articles VALUES (1, 'a', 'b'), (2, 'a', 'b')");
        conn.install(&schema![Article]).unwrap();
        conn.sql("UPDATE articles SET title = 'c' WHERE id = 1");
        assert_eq!(
            conn.rows("version", "FROM articles ORDER BY id"),
            ["2", "1"],
            "{options}"
        );
        assert!(conn.check(&schema![Article]).is_ok());
        assert_eq!(
            conn.row("integrity_check", "FROM pragma_integrity_check"),
            "ok"
        );
    }
}

#[test]
fn sqlite_recursive_triggers() {
    let mut conn = support::sqlite("").unwrap();
    conn.sql("PRAGMA recursive_triggers = ON");
    conn.sql(OLD);
    conn.install(&schema![Article]).unwrap();
    conn.sql("UPDATE articles SET title = 'c'; UPDATE articles SET version = 1");
    assert_eq!(conn.rows("version", "FROM articles"), ["3", "3", "3"]);
}

#[test]
fn sqlite_no_case_columns_and_generated_ones() {
    let mut conn = support::sqlite("").unwrap();
    conn.sql("CREATE TABLE articles (id INTEGER PRIMARY KEY, title TEXT COLLATE NOCASE, note TEXT AS (upper(title)) STORED); INSERT INTO articles (title) VALUES ('a')");
    conn.install(&schema![Article]).unwrap();
    conn.sql("UPDATE articles SET title = 'A'");
    assert_eq!(conn.row("version", "FROM articles"), "2");
    conn.sql("UPDATE articles SET title = 'A'");
    assert_eq!(conn.row("version", "FROM articles"), "2");
    assert_eq!(
        conn.row("integrity_check", "FROM pragma_integrity_check"),
        "ok"
    );
}

#[test]
fn sqlite_timestamps_with_a_zone() {
    let mut conn = support::sqlite("").unwrap();
    conn.sql(
        "CREATE TABLE zoned (id INTEGER PRIMARY KEY, x TEXT); INSERT INTO zoned (x) VALUES ('a')",
    );
    conn.install(&schema![ZonedText]).unwrap();
    conn.sql("INSERT INTO zoned (x) VALUES ('b')");
    for row in conn.rows("created_at, updated_at", "FROM zoned") {
        let (created, updated) = row.split_once('|').unwrap();
        assert!(created == updated && created.ends_with("+00:00"), "{row}");
    }
}

#[test]
fn sqlite_failed_transactions_leave_no_trace() {
    use diesel::Connection;
    let mut conn = support::sqlite("").unwrap();
    conn.sql(OLD);
    let schema = schema![Article];
    let plan = conn.plan(&schema);
    let _ = conn.transaction::<(), diesel::result::Error, _>(|conn| {
        schema.install(conn)?;
        Err(diesel::result::Error::RollbackTransaction)
    });
    assert_eq!(conn.plan(&schema), plan);
    assert_eq!(
        conn.row("sql", "FROM sqlite_master WHERE name = 'articles'")
            .matches("created_at")
            .count(),
        0
    );
    conn.sql("INSERT INTO articles (title) VALUES ('x')");
    assert!(
        conn.try_sql("UPDATE sqlite_master SET sql = sql").is_err(),
        "writable_schema is off again"
    );
    conn.install(&schema).unwrap();
    assert!(conn.try_sql("UPDATE sqlite_master SET sql = sql").is_err());
}

#[test]
fn postgres_types_without_equality_and_generated_columns() {
    let Some(mut conn) = support::postgres("types") else {
        return;
    };
    conn.sql("CREATE TABLE articles (id SERIAL PRIMARY KEY, title TEXT, j JSON, p POINT, x XML, big TEXT, lower TEXT GENERATED ALWAYS AS (lower(title)) STORED)");
    conn.sql("INSERT INTO articles (title, j, p, x, big) VALUES ('A', '{\"a\": 1}', '(1,2)', '<a/>', repeat('abc', 100000))");
    conn.install(&schema![Article]).unwrap();
    conn.sql("UPDATE articles SET j = '{\"a\": 1}', p = '(1,2)', x = '<a/>', title = 'A', big = repeat('abc', 100000)");
    assert_eq!(conn.row("version", "FROM articles"), "1");
    for (at, change) in [
        "j = '{\"a\":1}'",
        "p = '(1,3)'",
        "x = '<b/>'",
        "title = 'a'",
        "big = big || 'x'",
    ]
    .iter()
    .enumerate()
    {
        conn.sql(&format!("UPDATE articles SET {change}"));
        assert_eq!(
            conn.row("version", "FROM articles"),
            (at + 2).to_string(),
            "{change}"
        );
    }
    conn.sql(
        "ALTER TABLE articles ADD COLUMN upper TEXT GENERATED ALWAYS AS (upper(title)) STORED",
    );
    assert_eq!(kinds(&conn.check(&schema![Article])), ["AlteredTrigger"]);
    conn.install(&schema![Article]).unwrap();
    conn.sql("UPDATE articles SET title = title");
    assert_eq!(conn.row("version", "FROM articles"), "6");
}

#[test]
fn postgres_partitioned_tables_and_search_paths() {
    let Some(mut conn) = support::postgres("partitioned") else {
        return;
    };
    conn.sql("CREATE TABLE articles (id INTEGER PRIMARY KEY, title TEXT, note TEXT) PARTITION BY RANGE (id); CREATE TABLE one PARTITION OF articles FOR VALUES FROM (0) TO (10); CREATE TABLE two PARTITION OF articles FOR VALUES FROM (10) TO (20); INSERT INTO articles VALUES (1, 'a'), (11, 'b')");
    // The table is not in the first schema of the path.
    conn.sql("DROP SCHEMA IF EXISTS hr_first CASCADE; CREATE SCHEMA hr_first; SET search_path = hr_first, hr_partitioned");
    let plan = conn.install(&schema![Article]).unwrap();
    assert!(
        conn.check(&schema![Article]).is_ok(),
        "{}",
        conn.check(&schema![Article])
    );
    assert!(
        plan.up()[0].contains("\"hr_partitioned\".\"articles\""),
        "{plan}"
    );
    conn.sql("UPDATE articles SET title = 'c'");
    conn.sql("UPDATE articles SET id = 12 WHERE id = 1");
    assert_eq!(
        conn.rows("id, version", "FROM articles ORDER BY id"),
        ["11|2", "12|3"]
    );
    for statement in plan.down() {
        conn.sql(statement);
    }
    assert_eq!(conn.plan(&schema![Article]), plan);
}

#[test]
fn postgres_timestamps_with_a_zone() {
    let Some(mut conn) = support::postgres("zoned") else {
        return;
    };
    conn.sql("SET timezone = 'Asia/Kolkata'");
    conn.sql("CREATE TABLE zoned (id INTEGER PRIMARY KEY, x TEXT, created_at TIMESTAMPTZ DEFAULT '2001-01-01 00:00:00+00'); INSERT INTO zoned VALUES (1, 'a')");
    conn.install(&schema![Zoned]).unwrap();
    assert_eq!(conn.row("created_at = updated_at", "FROM zoned"), "true");
    conn.sql("UPDATE zoned SET x = 'b'");
    assert_eq!(
        conn.row(
            "version, updated_at > now() - interval '1 minute'",
            "FROM zoned"
        ),
        "2|true"
    );
}

#[test]
fn mysql_time_zones_collations_and_types() {
    let Some(mut conn) = support::mysql("quirks") else {
        return;
    };
    conn.sql("SET time_zone = '+07:00'; SET NAMES latin1");
    conn.sql("CREATE TABLE articles (id INTEGER PRIMARY KEY AUTO_INCREMENT, title VARCHAR(50) COLLATE utf8mb4_general_ci, e ENUM('a','b'), j JSON, b BLOB, d DECIMAL(10,2), f DOUBLE, bits BIT(8), g VARCHAR(50) GENERATED ALWAYS AS (UPPER(title)) VIRTUAL, auto TIMESTAMP DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP)");
    conn.sql("INSERT INTO articles (title, e, j, b, d, f, bits) VALUES ('a', 'a', '{\"a\": 1}', 'x', 1.5, 0.1, b'101')");
    conn.install(&schema![Article]).unwrap();
    assert!(conn.check(&schema![Article]).is_ok());
    conn.sql("UPDATE articles SET title = 'a', e = 'a', j = '{\"a\": 1}', b = 'x', d = 1.5, f = 0.1, bits = b'101'");
    assert_eq!(conn.row("version", "FROM articles"), "1");
    for (at, change) in [
        "title = 'A'",
        "title = 'A '",
        "title = 'ä'",
        "e = 'b'",
        "j = '{\"a\":2}'",
        "b = 'X'",
        "d = 1.51",
        "f = 0.2",
        "bits = b'100'",
        "e = NULL",
    ]
    .iter()
    .enumerate()
    {
        conn.sql(&format!("UPDATE articles SET {change}"));
        assert_eq!(
            conn.row("version", "FROM articles"),
            (at + 2).to_string(),
            "{change}"
        );
    }
    assert_eq!(
        conn.row(
            "COUNT(*)",
            "FROM articles WHERE ABS(TIMESTAMPDIFF(SECOND, updated_at, UTC_TIMESTAMP(6))) < 5"
        ),
        "1"
    );
    // `handleref_live` does not show up where no columns are named.
    conn.sql("DROP TABLE articles; CREATE TABLE articles (id INTEGER PRIMARY KEY, title VARCHAR(50), note VARCHAR(50), version BIGINT NOT NULL DEFAULT 1, created_at DATETIME(6) NOT NULL, updated_at DATETIME(6) NOT NULL, deleted_at DATETIME(6))");
    conn.install(&schema![Slugged]).unwrap();
    conn.sql("INSERT INTO articles VALUES (1, 'a', 'b', 1, NOW(6), NOW(6), NULL)");
    // A model without roles needs nothing.
    assert!(conn.plan(&schema![Bare]).is_empty());
    conn.sql("DROP TABLE articles; CREATE TABLE articles (id INTEGER PRIMARY KEY, title TEXT, note VARCHAR(50))");
    assert!(kinds(&conn.check(&schema![Slugged])).contains(&"NotIndexable".to_owned()));
}
