//! `scan`.

use crate::contents::{contents, number};
use crate::each_database;
use crate::program::{piped, screen};
use crate::story::told;
use crate::support::{Db, Engine};

/// Something happens while the triggers are not there.
fn unseen(db: &Db) {
    told(db);
    for trigger in ["insert", "update", "delete"] {
        let on = match db.engine {
            Engine::Postgres => " ON articles",
            Engine::Sqlite | Engine::Mysql => "",
        };
        db.execute(&format!(
            "DROP TRIGGER IF EXISTS handleref_{trigger}_articles{on}"
        ));
    }
    db.execute("INSERT INTO articles (id, title) VALUES (20, 'unseen')");
    db.execute("UPDATE articles SET title = 'changed' WHERE id = 7");
    assert_eq!(piped(db, &["install", "--apply"]).code, 0);
}

each_database! {
    fn a_plan_and_its_end(db: unseen) {
        let before = contents(db);
        let said = piped(db, &["scan", "--by", "ann", "--because", "no trigger"]);
        assert_eq!((said.code, said.err.as_str()), (3, ""));
        insta::assert_snapshot!("scan_plan", said.out);
        assert_eq!(contents(db), before);
        // As it was printed.
        let text = screen(db, 80, &["scan", "--by", "ann", "--because", "no trigger", "--apply"]);
        insta::assert_snapshot!("scan_done", text);
        assert_eq!(number(db, "(SELECT COUNT(*) FROM article_records)"), before[17 - 3] + 2);
        let said = piped(db, &["scan", "Article"]);
        assert_eq!((said.code, said.out.as_str()), (0, "Article  as its history says\n"));
        let log = piped(db, &["log", "art20"]);
        assert!(log.out.contains("ann") && log.out.contains("\"no trigger\""), "{}", log.out);
    }
}
