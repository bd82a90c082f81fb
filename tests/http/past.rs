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

    /// Looked at first, then done.
    fn a_row_is_brought_back_to_a_version(site) {
        site.json("PATCH", "/articles/1/", &json!({"title": "Two", "note": "n"})).is(200);
        let plan = site.get("/articles/history/1/revert/?to=v1").is(200).json();
        let fields: Vec<&Value> = plan["changes"].as_array().unwrap().iter().map(|it| &it["field"]).collect();
        assert_eq!((fields, &plan["possible"]), (vec![&json!("title"), &json!("note")], &json!(true)));
        assert_eq!(site.get("/articles/1/").is(200).json()["title"], "Two");
        let path = "/articles/history/1/revert/?to=1";
        site.send("POST", path, &[("if-match", "\"v1\"")], "").is(412);
        let done = site.send("POST", path, &[("if-match", "\"v2\""), ("x-user", "ann")], "").is(200);
        assert_eq!((done.json()["title"].as_str(), done.header("etag")), (Some("Beta"), "\"v3\""));
        let newest = site.get("/articles/history/1/?limit=1").is(200).json();
        assert_eq!(newest[0]["changeset"]["actor"], "ann");
        for wrong in ["", "?to=x", "?to="] {
            site.send("POST", &format!("/articles/history/1/revert/{wrong}"), &[], "").is(400);
        }
        site.get("/articles/history/1/revert/?to=9").is(404);
        site.get("/articles/history/9/revert/?to=1").is(404);
        // Something else has the slug by now.
        site.json("PATCH", "/articles/2/", &json!({"slug": "b2"})).is(200);
        site.json("PATCH", "/articles/3/", &json!({"slug": "a2"})).is(200);
        let plan = site.get("/articles/history/2/revert/?to=1").is(200).json();
        assert_eq!(plan["possible"], false);
        let refused = site.send("POST", "/articles/history/2/revert/?to=1", &[], "").is(409);
        assert_eq!(refused.problem(), "not-reverted");
        assert_eq!(site.get("/articles/2/").is(200).json()["slug"], "b2");
    }

    fn rows_that_are_gone_come_back(site) {
        for id in [2, 3] {
            site.delete(&format!("/articles/{id}/?permanent=1")).is(204);
        }
        let gone = site.get("/articles/history/").is(200);
        assert_eq!(gone.all("key"), ["3", "2"]);
        assert_eq!(gone.json()[1]["values"]["title"], "Alpha");
        let first = site.get("/articles/history/?limit=1").is(200);
        let next = site.get(&format!("/articles/history/{}", first.next().unwrap())).is(200);
        assert_eq!((first.all("key"), next.all("key"), next.next()), (vec![json!("3")], vec![json!("2")], None));

        assert_eq!(site.get("/articles/history/2/revert/").is(200).json()["reinsert"], true);
        let back = site.send("POST", "/articles/history/2/revert/", &[], "").is(200);
        assert_eq!((back.json()["title"].as_str(), back.header("etag")), (Some("Alpha"), "\"v3\""));
        assert_eq!(site.get("/articles/history/").is(200).all("key"), ["3"]);
        assert_eq!(site.get("/articles/").is(200).all("id"), [1, 2]);
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
