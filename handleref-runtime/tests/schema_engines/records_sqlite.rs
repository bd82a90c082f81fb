//! What only SQLite does.
use crate::records_models::*;
use crate::support::{Db, sqlite};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use handleref_runtime::history::facts::{RecordedColumn, Recording};
use handleref_runtime::model::Roles;
use handleref_runtime::schema::{ModelSchema, Schema};

const fn column(name: &'static str) -> RecordedColumn {
    RecordedColumn::new(name)
}

fn start(table: &str) -> SqliteConnection {
    let mut conn = sqlite("").unwrap();
    conn.sql(table);
    conn.install(&schema_of(ARTICLE)).unwrap();
    conn.sql("INSERT INTO articles (id, title) VALUES (1, 'one'), (2, 'two'), (3, 'three')");
    conn
}

#[test]
fn replace_may_remove_another_row() {
    let table =
        "CREATE TABLE articles (id INTEGER PRIMARY KEY, title TEXT NOT NULL UNIQUE, note TEXT)";
    let conn = &mut start(table);
    let report = conn.check(&schema_of(ARTICLE));
    assert!(
        report
            .uncovered()
            .iter()
            .any(|text| text.contains("recursive_triggers"))
    );
    conn.sql("PRAGMA recursive_triggers = ON");
    let report = conn.check(&schema_of(ARTICLE));
    assert!(
        report.is_ok()
            && !report
                .uncovered()
                .iter()
                .any(|text| text.contains("recursive_triggers"))
    );
    conn.sql("REPLACE INTO articles (id, title) VALUES (9, 'one')");
    assert_eq!(history(conn, 1), ["1|insert|one|NULL", "2|delete|one|NULL"]);
    conn.sql("UPDATE OR REPLACE articles SET title = 'two' WHERE id = 9");
    assert_eq!(history(conn, 2), ["1|insert|two|NULL", "2|delete|two|NULL"]);
    assert_eq!(history(conn, 9), ["1|insert|one|NULL", "2|update|two|NULL"]);
    agrees(conn);
}

#[test]
fn a_key_that_is_changed_onto_another_row() {
    for recursive in ["OFF", "ON"] {
        let conn = &mut start(TABLE);
        conn.sql(&format!("PRAGMA recursive_triggers = {recursive}"));
        conn.sql("UPDATE OR REPLACE articles SET id = 2 WHERE id = 1");
        assert_eq!(history(conn, 1), ["1|insert|one|NULL", "2|delete|one|NULL"]);
        assert_eq!(
            history(conn, 2),
            [
                "1|insert|two|NULL",
                "2|delete|two|NULL",
                "3|insert|one|NULL"
            ]
        );
        agrees(conn);
        // By another name of the same column.
        conn.sql("UPDATE articles SET rowid = 77 WHERE id = 3");
        conn.sql("UPDATE articles SET _rowid_ = 78 WHERE id = 77");
        conn.sql("UPDATE articles SET oid = 79 WHERE id = 78");
        assert_eq!(history(conn, 79), ["4|insert|three|NULL"]);
        agrees(conn);
    }
}

#[test]
fn a_row_without_a_record_is_replaced() {
    let conn = &mut sqlite("").unwrap();
    conn.sql(TABLE);
    conn.sql("INSERT INTO articles (id, title) VALUES (1, 'one'), (2, 'two'), (3, 'three')");
    conn.install(&schema_of(ARTICLE)).unwrap();
    conn.sql("REPLACE INTO articles (id, title) VALUES (1, 'uno')");
    conn.sql("INSERT OR IGNORE INTO articles (id, title) VALUES (2, 'dos')");
    conn.sql(&upsert(SqliteConnection::KIND, "(3, 'tres')"));
    assert_eq!(
        history(conn, 1),
        [
            "1|baseline|one|NULL",
            "2|delete|one|NULL",
            "3|insert|uno|NULL"
        ]
    );
    assert_eq!(history(conn, 2), ["1|baseline|two|NULL"]);
    assert_eq!(
        history(conn, 3),
        ["1|baseline|three|NULL", "2|update|tres|NULL"]
    );
    agrees(conn);
}

#[test]
fn collations_strict_tables_and_tables_without_rowid() {
    let conn = &mut sqlite("").unwrap();
    conn.sql("CREATE TABLE articles (id TEXT COLLATE NOCASE PRIMARY KEY NOT NULL, title ANY, note BLOB) STRICT, WITHOUT ROWID");
    let schema = with_roles(Roles::NONE, Recording::new("article_records", BARE));
    let plan = conn.install(&schema).unwrap();
    println!("{plan}");
    assert!(conn.check(&schema).is_ok(), "{}", conn.check(&schema));
    conn.sql("INSERT INTO articles VALUES ('a', '007', x'00'), ('b', 7, NULL)");
    conn.sql("UPDATE articles SET id = 'A' WHERE id = 'a'");
    conn.sql("UPDATE articles SET title = '08' WHERE id = 'b'");
    let rows = conn.rows(
        "id, record_version, record_operation, typeof(title)",
        "FROM article_records WHERE id = 'a' ORDER BY record_id",
    );
    assert_eq!(
        rows,
        ["a|1|insert|text", "a|2|delete|text", "A|3|insert|text"]
    );
    assert_eq!(
        conn.rows(
            "title, typeof(title)",
            "FROM article_records WHERE id = 'B'"
        ),
        ["7|integer", "08|text"]
    );
}

#[test]
fn one_case_is_another_value() {
    let conn = &mut start(
        "CREATE TABLE articles (id INTEGER PRIMARY KEY, title TEXT COLLATE NOCASE NOT NULL, note TEXT)",
    );
    conn.sql("UPDATE articles SET title = 'ONE' WHERE id = 1");
    assert_eq!(history(conn, 1), ["1|insert|one|NULL", "2|update|ONE|NULL"]);
    assert_eq!(
        conn.rows("id", "FROM article_records WHERE title = 'oNe'"),
        ["1", "1"]
    );
}

#[test]
fn an_attached_database_has_its_own_counter() {
    let conn = &mut sqlite("").unwrap();
    conn.sql("ATTACH ':memory:' AS hr_elsewhere");
    conn.sql("CREATE TABLE hr_elsewhere.articles (id INTEGER PRIMARY KEY, title TEXT NOT NULL, note TEXT)");
    let model = ModelSchema::described("Far", "`hr_elsewhere`.`articles`", ROLES, &["id"]);
    let schema = Schema::new([model.with_recording(ARTICLE)]);
    let plan = conn.install(&schema).unwrap();
    assert!(conn.check(&schema).is_ok(), "{}", conn.check(&schema));
    conn.sql("INSERT INTO hr_elsewhere.articles (id, title) VALUES (1, 'a')");
    conn.sql("UPDATE hr_elsewhere.articles SET title = 'b'");
    assert_eq!(
        conn.rows("record_version", "FROM hr_elsewhere.article_records"),
        ["1", "2"]
    );
    assert_eq!(
        conn.row("record_table", "FROM hr_elsewhere.handleref_recordings"),
        "hr_elsewhere.article_records"
    );
    assert_eq!(conn.row("count(*)", "FROM main.sqlite_master"), "0");
    conn.sql("DELETE FROM hr_elsewhere.articles");
    for statement in plan.down() {
        conn.batch_execute(statement)
            .unwrap_or_else(|error| panic!("{error}\n{statement}"));
    }
    assert_eq!(conn.plan(&schema), plan);
}

#[test]
fn the_last_record_is_found_by_the_index() {
    let conn = &mut start(TABLE);
    let plan = conn.explain("EXPLAIN QUERY PLAN SELECT record_version FROM article_records WHERE id IS 5 ORDER BY record_id DESC LIMIT 1");
    assert!(
        plan.contains("USING INDEX article_records_handleref_id") && !plan.contains("TEMP"),
        "{plan}"
    );
}

#[test]
fn columns_that_are_generated() {
    let conn = &mut sqlite("").unwrap();
    conn.sql("CREATE TABLE articles (id INTEGER PRIMARY KEY, title TEXT NOT NULL, note TEXT GENERATED ALWAYS AS (upper(title)) VIRTUAL)");
    conn.install(&schema_of(ARTICLE)).unwrap();
    conn.sql("INSERT INTO articles (id, title) VALUES (1, 'a')");
    conn.sql("UPDATE articles SET title = 'b'");
    assert_eq!(history(conn, 1), ["1|insert|a|A", "2|update|b|B"]);
}

#[test]
fn returning_of_a_verb() {
    use crate::models::{Article, articles};
    use handleref_runtime::write;
    let conn = &mut start(TABLE);
    let row: Article = write::update(articles::table.find(1))
        .set(articles::title.eq("x"))
        .get_result(conn)
        .unwrap();
    assert_eq!((row.version, row.title.as_str()), (2, "x"));
    let at = conn.row(
        "updated_at",
        "FROM article_records WHERE id = 1 AND record_version = 2",
    );
    assert_eq!(at, conn.row("updated_at", "FROM articles WHERE id = 1"));
    agrees(conn);
    let rows = diesel::update(articles::table)
        .set(articles::note.eq("n"))
        .execute(conn)
        .unwrap();
    assert_eq!(rows, 3);
    agrees(conn);
}

#[test]
fn triggers_of_the_user_that_write_the_row() {
    let conn = &mut start(TABLE);
    conn.sql("CREATE TRIGGER mine AFTER UPDATE OF title ON articles BEGIN UPDATE articles SET note = 'by trigger' WHERE id = NEW.id; END");
    conn.sql("UPDATE articles SET title = 'x' WHERE id = 1");
    assert_eq!(
        conn.row("version, note", "FROM articles WHERE id = 1")
            .split_once('|')
            .unwrap()
            .1,
        "by trigger"
    );
    agrees(conn);
}

#[test]
fn a_single_key_column_among_many() {
    const WIDE: &[RecordedColumn] = &[column("id"), column("title")];
    let conn = &mut sqlite("").unwrap();
    conn.sql("CREATE TABLE articles (id TEXT PRIMARY KEY, title TEXT, note TEXT)");
    conn.install(&with_roles(
        Roles::NONE,
        Recording::new("article_records", WIDE),
    ))
    .unwrap();
    // Keys that are no integers may be null here.
    conn.sql("INSERT INTO articles VALUES ('it''s', 'a', 'n')");
    conn.sql("UPDATE articles SET note = 'unknown to the model'");
    conn.sql("UPDATE articles SET title = 'b'");
    assert_eq!(
        conn.rows("record_version, title", "FROM article_records"),
        ["1|a", "2|b"]
    );
}
