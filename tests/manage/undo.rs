//! `undo`, `restore`, `revert`.

use crate::contents::{contents, number};
use crate::each_database;
use crate::program::{masked, piped, screen};
use crate::story::told;
use crate::support::{Db, Engine};
use serde_json::Value;

fn json(db: &Db, arguments: &[&str]) -> Value {
    let mut all = arguments.to_vec();
    all.push("--json");
    serde_json::from_str(&piped(db, &all).out).unwrap()
}

/// The words of a command line that a program printed.
fn typed(line: &str) -> Vec<String> {
    let script = format!("printf '%s\\n' {line}");
    let output = std::process::Command::new("sh")
        .args(["-c", &script])
        .output()
        .unwrap();
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

/// The title of an article.
fn title_is(db: &Db, id: i32, title: &str) -> bool {
    number(
        db,
        &format!("(SELECT COUNT(*) FROM articles WHERE id = {id} AND title = '{title}')"),
    ) == 1
}

each_database! {
    fn undo_plan(db: told) {
        let before = contents(db);
        let said = piped(db, &["undo", "3"]);
        assert_eq!((said.code, said.err.as_str()), (3, ""));
        insta::assert_snapshot!("undo_piped", masked(&said.out));
        for width in [100, 80, 60] {
            insta::assert_snapshot!(format!("undo_{width}"), masked(&screen(db, width, &["undo", "#3"])));
        }
        // With a conflict nothing is applied, either.
        assert_eq!(piped(db, &["undo", "3", "--apply"]).code, 3);
        assert_eq!(contents(db), before);
    }

    /// The flags of the plan, as they are printed.
    fn undo_flags(db: told) {
        let found = json(db, &["undo", "3"]);
        let choices = found["data"]["choices"].as_array().unwrap();
        let flags: Vec<&str> = choices.iter().map(|it| it["flag"].as_str().unwrap()).collect();
        assert_eq!(flags, ["--skip art12", "--take art12.title"]);
        for (at, title) in [(0, "Bye"), (1, "Hi there")] {
            let words = typed(choices[at]["flag"].as_str().unwrap());
            let mut arguments = vec!["undo", "3", "--by", "bob", "--because", "it was right"];
            arguments.extend(words.iter().map(String::as_str));
            let plan = json(db, &arguments);
            assert_eq!(plan["data"]["choices"], Value::Array(Vec::new()));
            let steps = plan["data"]["plan"]["steps"].as_array().unwrap().len();
            assert_eq!(choices[at]["steps"], steps);
            let before = contents(db);
            let said = piped(db, &arguments);
            assert_eq!(said.code, 3);
            assert_eq!(contents(db), before);
            // The command that is printed does it.
            let line = said.out.lines().find(|line| line.trim_start().starts_with("manage undo")).unwrap();
            let words = typed(line);
            let words: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
            let said = piped(db, &words);
            assert_eq!((said.code, said.err.as_str()), (0, ""));
            assert!(title_is(db, 7, "Helo world") && title_is(db, 9, "Draft") && title_is(db, 12, title));
            let log = piped(db, &["log", "art7", "-n", "1"]);
            assert!(log.out.contains("bob") && log.out.contains("\"it was right\""), "{}", log.out);
            // Its undo is a redo; then everything is as it was, for the next flag.
            let redo = said.out.lines().last().unwrap();
            let mut words = typed(redo);
            words.push("--apply".to_owned());
            let words: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
            assert_eq!(piped(db, &words).code, 0);
            assert!(title_is(db, 7, "Hello, world") && title_is(db, 12, "Bye"));
        }
    }

    fn undo_values(db: told) {
        let said = piped(db, &["undo", "3", "--take", "Article 12.title=a.b=c", "--apply"]);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", said.out);
        assert!(title_is(db, 12, "a.b=c"));
        let wrong = [
            (&["undo", "3", "--take", "art12.name"][..], 2, "Article has no field `name`"),
            (&["undo", "3", "--take", "art12"], 2, "names no field of a row"),
            (&["undo", "3", "--skip", "art8"], 2, "Article 8"),
            (&["undo", "99"], 1, "99"),
            (&["undo", "x"], 2, "a changeset has a number"),
        ];
        for (arguments, code, text) in wrong {
            let said = piped(db, arguments);
            assert_eq!((said.code, said.out.as_str()), (code, ""), "{arguments:?}");
            assert!(said.err.contains(text), "{arguments:?}: {}", said.err);
        }
        let said = piped(db, &["undo", "4"]);
        assert!(said.code == 3, "{}", said.out);
    }

    fn restore(db: told) {
        let before = contents(db);
        let said = piped(db, &["restore", "art8"]);
        assert_eq!((said.code, said.err.as_str()), (3, ""));
        insta::assert_snapshot!("restore_marked", masked(&said.out));
        let said = piped(db, &["restore", "Article", "9"]);
        assert_eq!((said.code, said.err.as_str()), (3, ""));
        insta::assert_snapshot!("restore_gone", masked(&said.out));
        assert_eq!(contents(db), before);
        for (id, by) in [("art8", "ann"), ("art9", "bob")] {
            let said = piped(db, &["restore", id, "--by", by, "--apply"]);
            assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", said.out);
            let log = piped(db, &["log", id, "-n", "1"]);
            assert!(log.out.contains(by), "{}", log.out);
        }
        assert_eq!(number(db, "(SELECT COUNT(*) FROM articles WHERE deleted_at IS NULL)"), 4);
        let said = piped(db, &["restore", "art8", "--apply"]);
        assert_eq!((said.code, said.out.as_str()), (0, "Article 8 is not deleted.\n"));
        assert_eq!(piped(db, &["restore", "art77"]).code, 1);
    }

    /// A parent that is soft-deleted comes first.
    fn restore_under_a_deleted_parent(db: told) {
        db.execute(match db.engine {
            Engine::Mysql => "UPDATE topics SET deleted_at = UTC_TIMESTAMP(6)",
            Engine::Postgres | Engine::Sqlite => "UPDATE topics SET deleted_at = CURRENT_TIMESTAMP",
        });
        let before = contents(db);
        let said = piped(db, &["restore", "art8", "--apply"]);
        assert_eq!(said.code, 3);
        assert!(said.out.contains("CONFLICT: its Topic 3 is soft-deleted"), "{}", said.out);
        assert_eq!(contents(db), before);
        let line = said.out.lines().last().unwrap();
        assert_eq!(line, "  manage restore art8 --with-parents --apply");
        let words = typed(line);
        let words: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
        let said = piped(db, &words);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", said.out);
        assert_eq!(number(db, "(SELECT COUNT(*) FROM topics WHERE deleted_at IS NULL)"), 1);
    }

    fn revert(db: told) {
        let before = contents(db);
        let said = piped(db, &["revert", "art7", "v1"]);
        assert_eq!((said.code, said.err.as_str()), (3, ""));
        insta::assert_snapshot!("revert_plan", masked(&said.out));
        assert_eq!(contents(db), before);
        // The same version by other words.
        for words in [&["revert", "Article", "7", "#1"][..], &["revert", "art7@1"], &["revert", "Article", "7@1"], &["revert", "Article 7", "v1"]] {
            let found = json(db, words);
            assert_eq!((&found["data"]["to"], &found["data"]["object"]), (&Value::from(1), &Value::from("Article 7")), "{words:?}");
        }
        let said = piped(db, &["revert", "art7", "v1", "--field", "title", "--by", "ann", "--apply"]);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", said.out);
        assert!(title_is(db, 7, "Helo world"));
        assert_eq!(number(db, "(SELECT COUNT(body) FROM articles WHERE id = 7)"), 1);
        let said = piped(db, &["revert", "art7", "v1", "--field", "title"]);
        assert_eq!(said.code, 0, "{}", said.out);
        // It was really deleted.
        let said = piped(db, &["revert", "art9", "v1", "--apply"]);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", said.out);
        assert!(title_is(db, 9, "Draft"));
        for (arguments, code, text) in [
            (&["revert", "art7"][..], 2, "a moment is missing"),
            (&["revert", "art7", "soon"], 2, "a moment is"),
            (&["revert", "art7", "v99"], 1, "99"),
            (&["revert", "art7", "1999-01-01"], 1, "was not there then"),
            (&["revert", "art7", "v1", "--field", "nothing"], 2, "nothing"),
        ] {
            let said = piped(db, arguments);
            assert_eq!((said.code, said.out.as_str()), (code, ""), "{arguments:?}");
            assert!(said.err.to_lowercase().contains(text), "{arguments:?}: {}", said.err);
        }
    }
}
