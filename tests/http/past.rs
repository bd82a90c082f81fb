//! What was, over HTTP.

use crate::each_site;
use serde_json::{Value, json};

each_site! {
    fn history_is_who_changed_what(site) {
        let headers = [("content-type", "application/json"), ("x-user", "ann")];
        site.send("PATCH", "/articles/1/", &headers, r#"{"title": "Two"}"#).is(200);
        site.send("PATCH", "/articles/1/", &headers, r#"{"note": "three"}"#).is(200);
        let history = site.get("/articles/history/1/").is(200);
        assert_eq!(history.all("version"), [3, 2, 1]);
        assert_eq!(history.all("operation"), ["update", "update", "insert"]);
        let newest = &history.json()[0];
        assert_eq!(newest["changes"][0]["field"], "note");
        assert_eq!((&newest["changes"][0]["old"], &newest["changes"][0]["new"]), (&json!(null), &json!("three")));
        assert_eq!(newest["changeset"]["actor"], "ann");

        let (mut versions, mut query) = (Vec::new(), "?limit=1".to_owned());
        loop {
            let page = site.get(&format!("/articles/history/1/{query}")).is(200);
            versions.extend(page.all("version"));
            match page.next() {
                Some(next) => query = next,
                None => break,
            }
        }
        assert_eq!(versions, [3, 2, 1]);
    }

    fn versions_differences_and_blame(site) {
        site.json("PATCH", "/articles/1/", &json!({"title": "Two"})).is(200);
        site.json("PATCH", "/articles/1/", &json!({"note": "three"})).is(200);
        for (version, title) in [("1", "Beta"), ("v2", "Two"), ("3", "Two")] {
            let row = site.get(&format!("/articles/history/1/{version}/")).is(200);
            assert_eq!(row.json()["title"], title);
            assert!(row.header("etag").starts_with("W/"));
        }
        for version in ["0", "4", "x", "-1", "99999999999999999999"] {
            site.get(&format!("/articles/history/1/{version}/")).is(404);
        }
        let diff = site.get("/articles/history/1/diff/?from=1").is(200).json();
        let fields: Vec<&Value> = diff["changes"].as_array().unwrap().iter().map(|it| &it["field"]).collect();
        assert_eq!(fields, ["title", "note"]);
        let diff = site.get("/articles/history/1/diff/?from=v2&to=v1").is(200).json();
        assert_eq!((&diff["changes"][0]["old"], &diff["changes"][0]["new"]), (&json!("Two"), &json!("Beta")));
        for wrong in ["", "?from=x", "?from=1&to=", "?from=1&from=2&to=y"] {
            site.get(&format!("/articles/history/1/diff/{wrong}")).is(400);
        }
        site.get("/articles/history/1/diff/?from=9").is(404);
        let blame = site.get("/articles/history/1/blame/").is(200).json();
        let of = |field: &str| {
            let found = blame.as_array().unwrap().iter().find(|it| it["field"] == field);
            found.unwrap()["version"].clone()
        };
        assert_eq!((of("slug"), of("title"), of("note")), (json!(1), json!(2), json!(3)));
        site.get("/articles/history/9/blame/").is(404);
    }

    /// Also of what is gone for good.
    fn the_history_outlives_the_row(site) {
        site.delete("/articles/2/?permanent=1").is(204);
        site.get("/articles/with-deleted/2/").is(404);
        let history = site.get("/articles/history/2/").is(200);
        assert_eq!(history.all("operation"), ["delete", "insert"]);
        assert_eq!(site.get("/articles/history/2/1/").is(200).json()["title"], "Alpha");
        site.get("/articles/history/9/").is(404);
    }

    fn rows_as_of_an_instant(site) {
        let before = chrono::Utc::now();
        std::thread::sleep(std::time::Duration::from_millis(20));
        site.json("PATCH", "/articles/1/", &json!({"title": "Later"})).is(200);
        site.delete("/articles/2/").is(204);
        let text = before.format("%Y-%m-%dT%H:%M:%S%.6fZ");
        let was = site.get(&format!("/articles/1/?as_of={text}")).is(200);
        assert_eq!(was.json()["title"], "Beta");
        assert!(was.header("etag").starts_with("W/"));
        assert_eq!(site.get(&format!("/articles/?as_of={text}")).is(200).all("id"), [1, 2, 3]);
        assert_eq!(site.get("/articles/").is(200).all("id"), [1, 3]);
        let too_early = site.get("/articles/1/?as_of=2001-01-01T00:00:00Z").is(410);
        assert_eq!(too_early.problem(), "before-history");
        for wrong in ["as_of=2999-01-01T00:00:00Z", "as_of=x", "as_of=", "as_of=v1"] {
            assert_eq!(site.get(&format!("/articles/1/?{wrong}")).is(400).fields(), ["as_of"]);
        }
        site.delete(&format!("/articles/1/?as_of={text}")).is(400);
        site.json("PATCH", &format!("/articles/1/?as_of={text}"), &json!({})).is(400);
    }
}
