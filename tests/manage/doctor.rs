//! `doctor`: a fault is planted, found, cured as printed, and gone.

use crate::contents::{contents, number};
use crate::each_database;
use crate::program::{piped, screen};
use crate::story::told;
use crate::support::{Db, Engine};

/// Nothing is wrong.
fn healthy(db: &Db) {
    told(db);
    if db.engine != Engine::Mysql {
        db.execute("CREATE INDEX articles_topic_id ON articles (topic_id)");
    }
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The cures that can be run, as printed.
fn cures(text: &str) -> Vec<String> {
    let lines = text.lines().map(|line| {
        let line = line.trim_start();
        line.strip_prefix("cure").unwrap_or(line).trim_start()
    });
    let runs = |line: &&str| line.starts_with("manage ") || line.starts_with("CREATE ");
    lines.filter(runs).map(str::to_owned).collect()
}

fn is_fine(db: &Db) {
    let said = piped(db, &["doctor"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", said.out);
}

/// It finds that, and changes nothing.
fn finds(db: &Db, parts: &[&str]) -> String {
    let before = contents(db);
    let said = piped(db, &["doctor"]);
    assert_eq!((said.code, said.err.as_str()), (1, ""), "{}", said.out);
    for part in parts {
        assert!(
            words(&said.out).contains(part),
            "no {part} in\n{}",
            said.out
        );
    }
    assert_eq!(contents(db), before);
    said.out
}

/// It finds that, and what it prints cures it.
fn cured(db: &Db, parts: &[&str]) {
    let said = finds(db, parts);
    let cures = cures(&said);
    assert!(!cures.is_empty(), "{said}");
    for cure in cures {
        match cure.strip_prefix("manage ") {
            Some(rest) => {
                let said = piped(db, &rest.split(' ').collect::<Vec<_>>());
                assert_eq!(
                    (said.code, said.err.as_str()),
                    (0, ""),
                    "{cure}: {}",
                    said.out
                );
            }
            None => db.execute(cure.trim_end_matches(';')),
        }
    }
    is_fine(db);
}

fn on(db: &Db) -> &'static str {
    match db.engine {
        Engine::Postgres => " ON articles",
        Engine::Sqlite | Engine::Mysql => "",
    }
}

each_database! {
    fn healthy_one(db: healthy) {
        let before = contents(db);
        let text = screen(db, 80, &["doctor"]);
        let (head, rest) = text.split_once('\n').unwrap();
        assert!(head.contains(" · 3 recorded models · 17 records"), "{head}");
        insta::assert_snapshot!("doctor_healthy", rest);
        assert_eq!(contents(db), before);
        is_fine(db);
        assert_eq!(piped(db, &["doctor", "--all"]).code, 0);
        assert_eq!(piped(db, &["doctor", "Article", "--sample", "1"]).code, 0);
    }

    fn dropped_trigger(db: healthy) {
        db.execute(&format!("DROP TRIGGER handleref_update_articles{}", on(db)));
        db.execute("UPDATE articles SET title = 'unseen' WHERE id = 7");
        cured(db, &[
            "FAIL triggers articles: the trigger `handleref_update_articles` is missing",
            "cure manage install --apply",
            "FAIL coverage articles: 1 row not as the newest record says",
            "cure manage scan Article --apply",
            "2 failures, 0 warnings · exit 1",
        ]);
    }

    fn rows_without_history(db: healthy) {
        for what in ["insert", "delete"] {
            db.execute(&format!("DROP TRIGGER IF EXISTS handleref_{what}_articles{}", on(db)));
        }
        db.execute("INSERT INTO articles (id, title) VALUES (20, 'unseen')");
        db.execute("DELETE FROM articles WHERE id = 12");
        assert_eq!(piped(db, &["install", "--apply"]).code, 0);
        cured(db, &[
            "FAIL coverage articles: 1 row without a record; 1 row gone, and their records do not say so",
        ]);
    }

    fn missing_column(db: healthy) {
        for what in ["insert", "update", "delete", "guard"] {
            db.execute(&format!("DROP TRIGGER IF EXISTS handleref_{what}_articles{}", on(db)));
        }
        db.execute("ALTER TABLE articles DROP COLUMN updated_at");
        cured(db, &["FAIL columns articles.updated_at: the column is missing"]);
    }

    fn orphaned_changesets(db: healthy) {
        db.execute("DELETE FROM handleref_changesets WHERE id = 2");
        finds(db, &[
            "warn changesets article_records: 1 records name changesets that are not there, the first is #2",
            "set `record_changeset` of these records to NULL",
        ]);
        db.execute("UPDATE article_records SET record_changeset = NULL WHERE record_changeset = 2");
        is_fine(db);
    }

    fn gap(db: healthy) {
        db.execute("DELETE FROM article_records WHERE id = 7 AND record_version = 2");
        finds(db, &["warn records article_records: a gap in the versions"]);
    }

    fn records_by_hand(db: healthy) {
        db.execute("UPDATE article_records SET record_operation = 'delete' WHERE id = 7 AND record_version = 2");
        let said = finds(db, &[
            "FAIL records article_records: something else than an insert after a delete (record ",
            "look at it with SELECT * FROM",
        ]);
        assert!(cures(&said).is_empty(), "{said}");
        db.execute("UPDATE article_records SET record_operation = 'update' WHERE id = 7 AND record_version = 2");
        is_fine(db);
    }

    fn future(db: healthy) {
        db.execute("UPDATE article_records SET recorded_at = '2999-01-01 00:00:00' WHERE id = 7 AND record_version = 2");
        finds(db, &["FAIL clock article_records: 1 records are of a time that is yet to come"]);
        assert!(number(db, "(SELECT COUNT(*) FROM article_records)") > 0);
    }
}

#[cfg(feature = "postgres")]
mod disabled_trigger {
    use super::*;

    #[test]
    fn postgres() {
        let db = &Db::postgres();
        healthy(db);
        db.execute("ALTER TABLE articles DISABLE TRIGGER handleref_update_articles");
        cured(
            db,
            &["FAIL triggers articles: the trigger `handleref_update_articles` is disabled"],
        );
    }
}

mod missing_index {
    use super::*;

    fn looks(db: &Db, cure: &str) {
        told(db);
        cured(
            db,
            &[
                "warn indexes articles.topic_id: no index begins with it: whoever deletes from `topics` reads the whole table",
                cure,
                "0 failures, 1 warning · exit 1",
            ],
        );
    }

    #[cfg(feature = "sqlite")]
    #[test]
    fn sqlite() {
        looks(&Db::sqlite(), "cure CREATE INDEX ");
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn postgres() {
        looks(&Db::postgres(), "cure CREATE INDEX CONCURRENTLY ");
    }
}
