//! `changesets` and `changeset`.

use crate::each_database;
use crate::program::{masked, piped, screen};
use crate::story::{told, write};

each_database! {
    fn listed(db: told) {
        for width in [100, 80, 60] {
            insta::assert_snapshot!(format!("changesets_{width}"), masked(&screen(db, width, &["changesets"])));
        }
        let numbers = |arguments: &[&str]| -> Vec<i64> {
            let mut all = vec!["changesets", "--json"];
            all.extend(arguments);
            let answer: serde_json::Value = serde_json::from_str(&piped(db, &all).out).unwrap();
            let found = answer["data"]["changesets"].as_array().unwrap().clone();
            found.iter().map(|it| it["no"].as_i64().unwrap()).collect()
        };
        assert_eq!(numbers(&[]), [5, 4, 3, 2, 1]);
        assert_eq!(numbers(&["--by", "ann"]), [5, 3]);
        assert_eq!(numbers(&["--by", "bob", "-n", "1"]), [4]);
        assert_eq!(numbers(&["--by", "bob", "--before", "#4"]), [2]);
        assert_eq!(numbers(&["--since", "1h"]), [5, 4, 3, 2, 1]);
        assert_eq!(numbers(&["--until", "1h"]), [0; 0]);
        let said = piped(db, &["changesets", "--by", "nobody at all"]);
        assert_eq!((said.code, said.out.as_str()), (0, "no changesets\n"));
        let said = piped(db, &["changesets", "-n", "4", "--since", "2000-01-01"]);
        assert!(said.out.ends_with("  manage changesets --limit 4 --before 2 --since 2000-01-01\n"), "{}", said.out);
    }

    fn one(db: told) {
        for width in [100, 80, 60] {
            insta::assert_snapshot!(format!("changeset_{width}"), masked(&screen(db, width, &["changeset", "3"])));
        }
        assert_eq!(piped(db, &["changeset", "#3"]), piped(db, &["changeset", "3"]));
        insta::assert_snapshot!("changeset_inserts", masked(&screen(db, 80, &["changeset", "1", "--full", "-n", "2"])));
        let answer: serde_json::Value = serde_json::from_str(&piped(db, &["changeset", "3", "--json"]).out).unwrap();
        assert_eq!(answer["data"]["count"], 4);
        assert_eq!(answer["data"]["objects"][0]["object"]["key"], "7");
    }

    fn long_names_and_comments(db: told) {
        write(db, "first line\nsecond line", "UPDATE articles SET email = 'c@example.org' WHERE id = 7");
        insta::assert_snapshot!("changesets_long", masked(&screen(db, 60, &["changesets", "-n", "2"])));
        insta::assert_snapshot!("changeset_redacted", masked(&screen(db, 60, &["changeset", "6"])));
        let said = piped(db, &["changeset", "6"]);
        assert!(said.out.contains("‹redacted› changed") && !said.out.contains("c@example.org"), "{}", said.out);
    }

    fn none(db: told) {
        let said = piped(db, &["changeset", "77"]);
        assert_eq!((said.code, said.out.as_str()), (1, ""));
        assert!(said.err.contains("77"), "{}", said.err);
        assert_eq!(piped(db, &["changeset", "seven"]).code, 2);
    }
}
