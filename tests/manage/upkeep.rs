//! `prune`, `erase`, `hold`, `holds`, `release`, `events`.

use crate::contents::{contents, number};
use crate::each_database;
use crate::program::{masked, piped, screen};
use crate::story::told;

const EMAILS: &str =
    "(SELECT COUNT(title) FROM article_records WHERE id = 7 AND title <> 'erased')";

each_database! {
    fn prune(db: told) {
        let before = contents(db);
        let said = piped(db, &["prune", "Article", "Topic", "--keep-last", "1"]);
        assert_eq!((said.code, said.err.as_str()), (3, ""));
        insta::assert_snapshot!("prune_plan", masked(&said.out));
        assert_eq!(contents(db), before);
        let said = piped(db, &["prune", "Article", "--older-than", "365d"]);
        assert_eq!((said.code, said.out.as_str()), (0, "Article  nothing to prune among 11 records\n"));
        // What is held stays.
        let said = piped(db, &["hold", "art7", "--because", "case 12", "--apply"]);
        assert_eq!((said.code, said.err.as_str()), (0, ""));
        let said = piped(db, &["prune", "Article", "--keep-last", "1", "--older-than", "0d", "--apply"]);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", said.out);
        assert!(said.out.starts_with("Article  pruned 4 of 11 records\n"), "{}", said.out);
        assert_eq!(number(db, "(SELECT COUNT(*) FROM article_records WHERE id = 7)"), 4);
        assert_eq!(number(db, "(SELECT COUNT(*) FROM article_records WHERE id <> 7)"), 3);
        for (arguments, text) in [
            (&["prune", "Article"][..], "--older-than"),
            (&["prune", "--keep-last", "1"], "MODEL"),
            (&["prune", "Article", "--older-than", "v3"], "takes a time"),
        ] {
            let said = piped(db, arguments);
            assert_eq!((said.code, said.out.as_str()), (2, ""), "{arguments:?}");
            assert!(said.err.contains(text), "{arguments:?}: {}", said.err);
        }
    }

    fn erase(db: told) {
        let before = contents(db);
        let said = piped(db, &["erase", "art7", "--field", "body", "--field", "title='erased'"]);
        assert_eq!((said.code, said.err.as_str()), (3, ""));
        insta::assert_snapshot!("erase_plan", said.out);
        assert_eq!(contents(db), before);
        assert!(number(db, EMAILS) > 0);
        // As it was printed.
        let said = piped(db, &["erase", "art7", "--field", "body", "--field", "title='erased'", "--live-row", "--apply"]);
        assert_eq!((said.code, said.err.as_str()), (0, ""));
        assert_eq!(number(db, EMAILS), 0);
        assert_eq!(number(db, "(SELECT COUNT(body) FROM articles WHERE id = 7)"), 0);
        for (arguments, code, text) in [
            (&["erase", "art7"][..], 2, "--everything"),
            (&["erase", "art7", "--everything"], 3, "title"),
            (&["erase", "art7", "--field", "title"], 3, "cannot be null"),
            (&["erase", "art7", "--field", "nothing"], 2, "nothing"),
        ] {
            let said = piped(db, arguments);
            assert_eq!((said.code, said.out.as_str()), (code, ""), "{arguments:?} {}", said.err);
            assert!(said.err.contains(text), "{arguments:?}: {}", said.err);
        }
    }

    fn holds(db: told) {
        assert_eq!(piped(db, &["holds"]).out, "Nothing is held.\n");
        let before = contents(db);
        let said = piped(db, &["hold", "Article", "7", "--because", "case 12"]);
        assert_eq!((said.code, said.err.as_str()), (3, ""));
        insta::assert_snapshot!("hold_plan", said.out);
        assert_eq!(contents(db), before);
        assert_eq!(piped(db, &["hold", "Article", "7", "--because", "case 12", "--apply"]).code, 0);
        assert_eq!(piped(db, &["hold", "tags", "--because", "an audit", "--apply"]).code, 0);
        insta::assert_snapshot!("holds", masked(&screen(db, 60, &["holds"])));
        let said = piped(db, &["erase", "art7", "--field", "body"]);
        assert_eq!(said.code, 3);
        assert!(said.err.contains("case 12") && said.err.contains("try\n  manage holds"), "{}", said.err);
        let said = piped(db, &["release", "1"]);
        assert_eq!((said.code, said.err.as_str()), (3, ""));
        insta::assert_snapshot!("release_plan", masked(&said.out));
        assert_eq!(number(db, "(SELECT COUNT(*) FROM handleref_holds)"), 2);
        assert_eq!(piped(db, &["release", "1", "--apply"]).code, 0);
        let said = piped(db, &["release", "1", "--apply"]);
        assert_eq!((said.code, said.out.as_str()), (1, ""));
        assert!(said.err.contains("there is no hold 1"), "{}", said.err);
        insta::assert_snapshot!("events", masked(&screen(db, 100, &["events", "Article", "-n", "2"])));
        let said = piped(db, &["events", "Article", "-n", "1"]);
        let older = said.out.lines().last().unwrap();
        assert!(older.starts_with("  manage events Article --before "), "{}", said.out);
    }
}
