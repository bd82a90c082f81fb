//! `log`.

use crate::each_database;
use crate::program::{masked, piped, piped_at, screen};
use crate::story::told;

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
