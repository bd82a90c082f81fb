//! `backfill`.

use crate::contents::{contents, number};
use crate::each_database;
use crate::program::{piped, screen, started};
use crate::story::{schema, tables, told};
use crate::support::{Db, Engine};
use std::time::Duration;

/// Three rows that are older than their history.
fn older(db: &Db) {
    tables(db);
    db.create("INSERT INTO articles (id, title) VALUES (1, 'one'), (2, 'two'), (3, 'three')");
    db.create("INSERT INTO tags (article_id, tag) VALUES (1, 'a')");
    db.install(&schema());
}

/// Many of them.
fn many(db: &Db) {
    tables(db);
    let rows: Vec<String> = (1..=3_000)
        .map(|id| format!("({id}, 'row {id}')"))
        .collect();
    db.create(&format!(
        "INSERT INTO articles (id, title) VALUES {}",
        rows.join(", ")
    ));
    db.install(&schema());
}

each_database! {
    fn a_plan_and_its_end(db: older) {
        let before = contents(db);
        let said = piped(db, &["backfill"]);
        assert_eq!((said.code, said.err.as_str()), (3, ""));
        insta::assert_snapshot!("backfill_plan", said.out);
        assert_eq!(contents(db), before);
        let text = screen(db, 80, &["backfill", "--apply"]);
        insta::assert_snapshot!("backfill_done", text);
        assert_eq!(number(db, "(SELECT COUNT(*) FROM article_records)"), 3);
        let said = piped(db, &["backfill"]);
        assert_eq!((said.code, said.out.as_str()), (0, "Topic    complete\nArticle  complete\nTag      complete\n"));
        let json = piped(db, &["backfill", "Article", "--apply", "--json"]);
        let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
        assert_eq!(json["data"]["models"][0]["state"], "complete");
    }

    fn nothing_to_do(db: told) {
        assert_eq!(piped(db, &["backfill", "--apply"]).code, 0);
        let said = piped(db, &["backfill", "Articel"]);
        assert_eq!(said.code, 2);
        assert!(said.err.contains("one of: Topic, Article, Tag"), "{}", said.err);
    }

    /// Ctrl-C ends it between two batches; the same command goes on.
    fn interrupted(db: many) {
        let records = || number(db, "(SELECT COUNT(*) FROM article_records)");
        let child = started(db, &["backfill", "Article", "--apply", "--batch", "1"]);
        while records() < 20 {
            std::thread::sleep(Duration::from_millis(5));
        }
        let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        assert!(kill.unwrap().success());
        let said = child.ended();
        assert_eq!((said.code, said.err.as_str()), (5, ""), "{}", said.out);
        let written = records();
        assert!((20..3_000).contains(&written), "{written}");
        assert!(said.out.contains("Article  stopped after "), "{}", said.out);
        assert!(said.out.ends_with("The same command goes on:\n  manage backfill Article --apply\n"), "{}", said.out);
        let said = piped(db, &["backfill", "Article", "--apply"]);
        assert_eq!(said.code, 0);
        let rest = handleref_count(3_000 - written);
        assert!(said.out.contains(&format!("complete: {rest} records written")), "{}", said.out);
        assert_eq!(records(), 3_000);
        let _ = Engine::Sqlite;
    }
}

/// As people read it.
fn handleref_count(number: i64) -> String {
    match number {
        1_000.. => format!("{},{:03}", number / 1_000, number % 1_000),
        _ => number.to_string(),
    }
}
