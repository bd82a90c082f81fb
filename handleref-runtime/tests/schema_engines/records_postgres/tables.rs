//! Tables of every name, type, form and size.
use super::{ARTICLES, agree, agree_versions, article, column, installed, schema, take, take_all};
use crate::support::{self, Db, kinds};
use handleref_runtime::history::facts::Recording;
use handleref_runtime::model::Roles;
use handleref_runtime::schema::ModelSchema;

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
