//! What a model can ask of its recording.
use super::{ARTICLES, COLUMNS, TABLE, article, column, pair, schema, take, take_all};
use crate::support::{self, Db, kinds};
use handleref_runtime::history::facts::{Capture, Property, Recording, Relative};

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
