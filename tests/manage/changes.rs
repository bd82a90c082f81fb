//! `changes`.

use crate::each_database;
use crate::program::{Said, masked, piped, screen, started};
use crate::story::{told, write};
use crate::support::Db;
use serde_json::Value;
use std::process::Command;

fn lines(said: &Said) -> Vec<Value> {
    let lines = said.out.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The lines of changes, and the last one.
fn read(db: &Db, arguments: &[&str]) -> (Vec<Value>, Value) {
    let mut all = vec!["changes", "--json"];
    all.extend(arguments);
    let said = piped(db, &all);
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", said.out);
    let mut lines = lines(&said);
    let last = lines.pop().unwrap();
    (lines, last)
}

each_database! {
    fn pages_without_gaps(db: told) {
        let (all, end) = read(db, &[]);
        assert_eq!((all.len(), &end["data"]["count"], &end["data"]["more"]), (14, &14.into(), &false.into()));
        assert_eq!(end["ok"], true);
        let mut cursor = "beginning".to_owned();
        let mut parts = Vec::new();
        loop {
            let (some, end) = read(db, &["-n", "4", "--since", &cursor]);
            parts.extend(some);
            cursor = end["data"]["cursor"].as_str().unwrap().to_owned();
            if end["data"]["more"] == false {
                break;
            }
        }
        assert_eq!(parts, all);
        assert_eq!(cursor, end["data"]["cursor"].as_str().unwrap());
        // Nothing is redacted by halves.
        let of_email = all.iter().find(|it| it["change"]["redacted"][0] == "email" && it["change"]["operation"] == "update").unwrap();
        assert!(of_email["change"]["row"].get("email").is_none(), "{of_email}");
        assert!(of_email["change"]["row"]["title"].is_string());

        let (none, end) = read(db, &["--since", "now"]);
        assert_eq!((none.len(), &end["data"]["count"]), (0, &0.into()));
        let now = end["data"]["cursor"].as_str().unwrap();
        write(db, "later", "UPDATE articles SET views = 1 WHERE id = 12");
        let (one, _) = read(db, &["--since", now]);
        assert_eq!((one.len(), &one[0]["change"]["row"]["views"]), (1, &1.into()));

        let (tags, _) = read(db, &["--model", "tags"]);
        assert_eq!(tags.len(), 2);
        let said = piped(db, &["changes", "--model", "Tag", "--since", now]);
        assert_eq!(said.code, 2, "{}", said.err);
        let said = piped(db, &["changes", "--since", "hr1.none"]);
        assert_eq!(said.code, 2, "{}", said.err);
    }

    fn for_people(db: told) {
        for width in [100, 80, 60] {
            let screen = screen(db, width, &["changes"]);
            // A cursor is another one in every database.
            let (text, cursor) = screen.split_once("--since").unwrap();
            assert!(cursor.trim().starts_with("hr1."), "{cursor}");
            insta::assert_snapshot!(format!("changes_{width}"), masked(text));
        }
        assert!(piped(db, &["changes", "--since", "now"]).out.starts_with("no changes\n"));
    }
}

#[cfg(unix)]
each_database! {
    fn followed(db: told) {
        for json in [true, false] {
            let (_, end) = read(db, &["--since", "now"]);
            let begin = end["data"]["cursor"].as_str().unwrap();
            let mut arguments = vec!["changes", "--follow", "--since", begin];
            arguments.extend(json.then_some("--json"));
            let mut running = started(db, &arguments);
            write(db, "it comes", "UPDATE articles SET views = views + 1 WHERE id = 12");
            running.says(if json { "\"cursor\":" } else { "Article 12" });
            let id = running.id().to_string();
            assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
            let said = running.ended();
            assert_eq!(said.code, 0, "{}{}", said.out, said.err);
            let cursor = said.err.split("--since ").nth(1).unwrap().trim().to_owned();
            if json {
                let lines = lines(&said);
                assert_eq!(lines.len(), 3, "{}", said.out);
                assert_eq!(lines[0]["change"]["key"], "12");
                // The last one may be further: there was nothing more on the way.
                let (none, _) = read(db, &["--since", lines[1]["cursor"].as_str().unwrap()]);
                assert_eq!(none.len(), 0);
                assert_eq!(lines[2]["data"]["cursor"], cursor.as_str());
            } else {
                assert_eq!(said.out.lines().count(), 1, "{}", said.out);
                assert!(said.out.contains("Article 12"), "{}", said.out);
            }
            let (none, _) = read(db, &["--since", &cursor]);
            assert_eq!(none.len(), 0);
        }
    }
}
