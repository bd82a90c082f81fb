//! Nobody forges the past, and nobody loses a trigger unnoticed.
use super::{ARTICLES, article, installed, schema, take};
use crate::support::{Db, kinds};

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
    // A changeset is one of its schema, whose number is in the setting's name.
    conn.sql("BEGIN; SELECT set_config('handleref.changeset_' || 'handleref_changesets'::regclass::oid, '7', true)");
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
