//! `show`, `diff`, `blame`, `as-of`, `deleted`.

use crate::each_database;
use crate::program::{Said, masked, piped, screen};
use crate::story::{ended, told};
use crate::support::Db;
use serde_json::Value;

fn json(db: &Db, arguments: &[&str]) -> Value {
    let said = piped(db, &[arguments, &["--json"]].concat());
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}

/// What a person sees, in a pipe and at three widths.
fn seen(db: &Db, name: &str, arguments: &[&str]) {
    let said = piped(db, arguments);
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{said:?}");
    insta::assert_snapshot!(format!("{name}_piped"), masked(&said.out));
    for width in [100, 80, 60] {
        insta::assert_snapshot!(
            format!("{name}_{width}"),
            masked(&screen(db, width, arguments))
        );
    }
}

fn fails(said: &Said, code: i32, with: &str) {
    assert_eq!((said.code, said.out.as_str()), (code, ""), "{said:?}");
    assert!(said.err.contains(with), "{}", said.err);
}

each_database! {
    fn show(db: told) {
        seen(db, "show", &["show", "art7"]);
        seen(db, "show_deleted", &["show", "Article", "8"]);
        seen(db, "show_gone", &["show", "Article", "9"]);
        seen(db, "show_version", &["show", "Article", "7@2"]);
        let answer = json(db, &["show", "top3"]);
        assert_eq!(answer["data"]["object"]["values"]["name"], "Rust");
        assert_eq!(answer["data"]["state"], "live");
        let then = json(db, &["show", "Article", "12", "--at", "#3"]);
        assert_eq!(then["data"]["object"]["values"]["title"], "Hi");
        let text = json(db, &["show", "art7"]).to_string();
        assert!(!text.contains("example.org"), "{text}");
        fails(&piped(db, &["show", "Article", "77"]), 1, "there is no Article 77, and no record that there ever was");
        fails(&piped(db, &["show", "Article", "7@99"]), 1, "Article 7 was not there in version 99");
    }

    fn diff(db: told) {
        seen(db, "diff", &["diff", "art7"]);
        seen(db, "diff_from", &["diff", "art7", "--from", "v1"]);
        seen(db, "diff_moments", &["diff", "Article", "12", "--from", "#1", "--to", "#3"]);
        seen(db, "diff_same", &["diff", "Article", "12", "--from", "now"]);
        let said = piped(db, &["diff", "Article", "12", "--from", "v1", "--exit-code"]);
        assert_eq!(said.code, 1);
        let answer = json(db, &["diff", "Article", "9"]);
        assert_eq!(answer["data"]["changes"], Value::Array(Vec::new()), "{answer}");
        fails(&piped(db, &["diff", "Article", "7", "--from", "2001-01-01"]), 1, "Article 7 was not there at 2001-01-01");
        fails(&piped(db, &["diff", "Article", "7", "--from", "yesterday"]), 2, "a moment is");
    }

    fn blame(db: told) {
        seen(db, "blame", &["blame", "art7"]);
        let answer = json(db, &["blame", "Article", "12", "--field", "title"]);
        let field = &answer["data"]["fields"][0];
        assert_eq!((&field["changeset"]["actor"], &field["value"]), (&"bob".into(), &"Bye".into()));
        assert_eq!(answer["data"]["fields"].as_array().unwrap().len(), 1);
        fails(&piped(db, &["blame", "Article", "12", "--field", "titel"]), 2, "no field `titel`");
        fails(&piped(db, &["blame", "Article", "77"]), 1, "there is no Article 77");
    }

    fn as_of(db: told) {
        seen(db, "as_of", &["as-of", "#2", "Article"]);
        seen(db, "as_of_row", &["as-of", "#2", "Article", "9"]);
        let query = "SELECT a.id, a.title, t.name FROM articles a JOIN topics t ON t.id = a.topic_id ORDER BY a.id";
        seen(db, "as_of_query", &["as-of", "#2", "--sql", query]);
        let now = json(db, &["as-of", "now", "--sql", "WITH b AS (SELECT id FROM articles WHERE id > 8) SELECT count(*) AS n FROM b;"]);
        assert_eq!(now["data"], serde_json::json!({ "columns": ["n"], "rows": [[1]] }));
        let page = json(db, &["as-of", "#1", "articles", "-n", "2"]);
        assert_eq!((&page["data"]["next"], page["data"]["rows"].as_array().unwrap().len()), (&"8".into(), 2));
        for wrong in ["DELETE FROM articles", "SELECT 1; DELETE FROM articles", "SELECT 1"] {
            fails(&piped(db, &["as-of", "#2", "--sql", wrong]), 2, "cannot be asked as of a moment");
        }
        let commented = json(db, &["as-of", "#2", "--sql", "SELECT count(*) AS n FROM articles -- all of them"]);
        assert_eq!(commented["data"]["rows"], serde_json::json!([[4]]));
        // One that writes all the same; the articles are counted at the end.
        let sly = "WITH gone AS (DELETE FROM articles RETURNING id) SELECT * FROM gone";
        fails(&piped(db, &["as-of", "now", "--sql", sly]), 4, "error: ");
        let before = piped(db, &["as-of", "2001-01-01", "Article"]);
        assert_eq!(before.code, 4, "{before:?}");
        assert!(before.err.contains("does not reach back so far"), "{}", before.err);
        ended(db, 4);
    }

    /// However many there are, they take the same few queries.
    fn deleted_in_order(db: told) {
        db.execute("UPDATE articles SET deleted_at = '2026-01-02 00:00:00', version = version + 1 WHERE id = 12");
        let answer = json(db, &["deleted", "Article"]);
        let rows = answer["data"]["rows"].as_array().unwrap();
        let told: Vec<_> = rows.iter().map(|row| (row["object"]["key"].as_str().unwrap(), row["last"]["operation"].as_str().unwrap(), &row["last"]["changeset"]["comment"])).collect();
        assert_eq!(told, [("8", "soft_delete", &"spam".into()), ("12", "soft_delete", &Value::Null)]);
    }

    fn deleted(db: told) {
        seen(db, "deleted", &["deleted", "Article"]);
        seen(db, "deleted_gone", &["deleted", "Article", "--gone"]);
        seen(db, "deleted_none", &["deleted", "Topic"]);
        seen(db, "deleted_never", &["deleted", "Tag"]);
    }
}
