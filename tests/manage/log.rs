//! `log`.

use crate::each_database;
use crate::program::{masked, piped, piped_at, screen};
use crate::story::{told, write};

each_database! {
    fn a_row(db: told) {
        let said = piped(db, &["log", "Article", "7"]);
        assert_eq!((said.code, said.err.as_str()), (0, ""));
        insta::assert_snapshot!("log_piped", masked(&said.out));
        assert_eq!(piped(db, &["log", "art7"]), said);
        assert_eq!(piped(db, &["log", "articles 7"]), said);
        for width in [100, 80, 60] {
            insta::assert_snapshot!(format!("log_{width}"), masked(&screen(db, width, &["log", "art7"])));
        }
    }

    fn full(db: told) {
        write(db, "it's long:\na second line\nand a third", "UPDATE articles SET body = 'one\ntwo\nthree' WHERE id = 12");
        insta::assert_snapshot!("log_first_line", masked(&screen(db, 80, &["log", "Article", "12"])));
        insta::assert_snapshot!("log_full", masked(&screen(db, 80, &["log", "Article", "12", "--full"])));
        insta::assert_snapshot!("log_oneline", masked(&screen(db, 80, &["log", "Article", "12", "--oneline"])));
        insta::assert_snapshot!("log_links", masked(&screen(db, 80, &["log", "Tag", "7,old\\, rust"])));
    }

    fn only_some(db: told) {
        let versions = |arguments: &[&str]| -> Vec<i64> {
            let mut all = vec!["log", "Article", "7", "--json"];
            all.extend(arguments);
            let said = piped(db, &all);
            assert_eq!(said.code, 0, "{}{}", said.out, said.err);
            let answer: serde_json::Value = serde_json::from_str(&said.out).unwrap();
            let records = answer["data"]["records"].as_array().unwrap().clone();
            // What is compared with is the record before it, wanted or not.
            for record in &records {
                let title = record["changes"].as_array().unwrap().iter().find(|it| it["field"] == "title");
                if record["version"] == 4 {
                    assert_eq!(title.unwrap()["old"], "Helo world");
                }
            }
            records.iter().map(|it| it["version"].as_i64().unwrap()).collect()
        };
        assert_eq!(versions(&[]), [4, 3, 2, 1]);
        assert_eq!(versions(&["--by", "ann"]), [4]);
        assert_eq!(versions(&["--by", "import"]), [1]);
        assert_eq!(versions(&["--by", "Ann"]), [0; 0]);
        assert_eq!(versions(&["--op", "insert"]), [1]);
        assert_eq!(versions(&["--op", "insert", "--op", "update", "-n", "2"]), [4, 3]);
        assert_eq!(versions(&["--field", "title"]), [4, 1]);
        assert_eq!(versions(&["--field", "title", "-n", "1"]), [4]);
        assert_eq!(versions(&["--field", "body"]), [2]);
        // It is redacted; that it changed is known.
        assert_eq!(versions(&["--field", "email"]), [3]);
        assert_eq!(versions(&["--field", "email", "--field", "body"]), [3, 2]);
        assert_eq!(versions(&["--since", "1h"]), [4, 3, 2, 1]);
        assert_eq!(versions(&["--until", "1h"]), [0; 0]);
        assert_eq!(versions(&["--since", "2000-01-01", "--until", "now"]), [4, 3, 2, 1]);

        let said = piped(db, &["log", "Article", "7", "--field", "titel"]);
        assert_eq!(said.code, 2);
        assert!(said.err.contains("titel"), "{}", said.err);
        let said = piped(db, &["log", "Article", "7", "--op", "change"]);
        assert_eq!(said.code, 2);
        assert!(said.err.contains("soft_delete"), "{}", said.err);
        let said = piped(db, &["log", "Article", "7", "--since", "#3"]);
        assert_eq!(said.code, 2);
    }

    fn the_next_page_is_as_printed(db: told) {
        let said = piped(db, &["log", "Article", "7", "--op", "update", "--op", "insert", "-n", "3", "--oneline"]);
        let command = said.out.lines().last().unwrap().trim().strip_prefix("manage ").unwrap().to_owned();
        let arguments: Vec<&str> = command.split(' ').collect();
        let said = piped(db, &arguments);
        assert_eq!((said.code, said.out.lines().count()), (0, 1), "{}", said.out);
        assert!(said.out.contains("insert"), "{}", said.out);
    }

    fn what_never_was(db: told) {
        let said = piped(db, &["log", "Article", "77"]);
        assert_eq!((said.code, said.out.as_str()), (1, ""));
        assert!(said.err.contains("there is no Article 77, and no record that there ever was"), "{}", said.err);
        // It is gone, and has a history.
        let said = piped(db, &["log", "Article", "9"]);
        assert_eq!(said.code, 0);
        assert!(said.out.contains("delete"), "{}", said.out);
        let said = piped(db, &["log", "Article", "9", "--by", "nobody"]);
        assert_eq!((said.code, said.out.as_str()), (0, "no such records\n"));
    }

    fn nothing_of_this_name(db: told) {
        let said = piped(db, &["log", "Artcle", "7"]);
        assert_eq!((said.code, said.out.as_str()), (2, ""));
        assert!(said.err.contains("there is no model `Artcle`") && said.err.contains("Topic, Article, Tag"), "{}", said.err);
        let said = piped(db, &["log", "Article", "seven", "--json"]);
        assert_eq!(said.code, 2);
        let answer: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!(answer["ok"], false);
        assert_eq!(answer["problems"][0]["code"], "wrong_object");
    }
}

#[test]
fn no_database() {
    let said = piped_at(None, &["log", "Article", "7"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("no database is named"), "{}", said.err);
}
