//! `install`.

use crate::contents::number;
use crate::program::{piped, screen};
use crate::story::tables;
use crate::support::{Db, Engine};
use crate::{each_database, on_engine};
use diesel::connection::SimpleConnection;
use std::time::{Duration, Instant};

fn filled(db: &Db) {
    tables(db);
    db.create("INSERT INTO articles (id, title) VALUES (1, 'one'), (2, 'two')");
}

each_database! {
    fn steps(db: filled) {
        let said = piped(db, &["install"]);
        assert_eq!((said.code, said.err.as_str()), (3, ""));
        assert!(said.out.contains("Nothing written. To do it:\n  manage install --apply\n"), "{}", said.out);
        // Nothing was.
        assert_eq!(piped(db, &["plan", "--exit-code"]).code, 1);
        let text = screen(db, 80, &["install", "--apply"]);
        assert!(text.contains("Installed.\nNext:\n  manage backfill Article --apply"), "{text}");
        let said = piped(db, &["install", "--apply"]);
        assert_eq!((said.code, said.err.as_str()), (0, ""));
        assert!(said.out.ends_with("Everything is installed.\n"), "{}", said.out);
        assert_eq!(piped(db, &["install"]).code, 0);
        let said = piped(db, &["backfill", "Article", "--apply"]);
        assert_eq!((said.code, said.err.as_str()), (0, ""));
        assert_eq!(number(db, "(SELECT COUNT(*) FROM article_records)"), 2);
    }

    /// Somebody has not ended a transaction: others are not kept waiting for long.
    fn locked(db: filled) {
        on_engine!(db, conn => {
            let begin = match db.engine {
                Engine::Sqlite => "BEGIN IMMEDIATE",
                Engine::Postgres | Engine::Mysql => "BEGIN",
            };
            conn.batch_execute(begin).unwrap();
            conn.batch_execute("UPDATE articles SET title = 'held' WHERE id = 1").unwrap();
            let began = Instant::now();
            let said = piped(db, &["install", "--apply", "--lock-timeout", "1", "--tries", "2"]);
            assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
            assert_eq!((said.code, said.out.as_str()), (4, ""));
            for part in [
                "another transaction uses a table, and has not ended in 2 tries of 1 s",
                "  manage install --apply --lock-timeout 6",
            ] {
                assert!(said.err.contains(part), "{}", said.err);
            }
            conn.batch_execute("ROLLBACK").unwrap();
        });
        assert_eq!(piped(db, &["install", "--apply"]).code, 0);
        assert_eq!(piped(db, &["install"]).code, 0);
    }
}
