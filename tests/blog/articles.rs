//! What happens to an article, from the first word to the last.

use crate::each_site;
use serde_json::{Value, json};

each_site! {
    fn two_editors_do_not_overwrite_each_other(site) {
        let (ann, eve) = (site.as_user("ann"), site.as_user("eve"));
        let path = ann.article("one");
        let seen = eve.get(&path).is(200).header("etag").to_owned();
        assert_eq!(seen, "\"v1\"");
        ann.edit(&path, &seen, "typo", &json!({ "title": "Ann's" })).is(200);
        let refused = eve.edit(&path, &seen, "style", &json!({ "title": "Eve's" })).is(412);
        assert_eq!(refused.problem(), "precondition-failed");
        let now = eve.get(&path).is(200);
        assert_eq!(now.json()["title"], "Ann's");
        eve.send("GET", &path, &[("if-none-match", now.header("etag"))], "").is(304);

        let history = eve.get("/articles/history/1/").is(200);
        assert_eq!(history.all("version"), [2, 1]);
        let changeset = &history.json()[0]["changeset"];
        // Ann is the second of the users.
        assert_eq!((&changeset["actor"], &changeset["comment"]), (&json!(2), &json!("typo")));
    }

    fn lists_are_filtered_and_ordered(site) {
        let (ann, bob) = (site.as_user("ann"), site.as_user("bob"));
        for slug in ["b", "c", "a"] {
            ann.article(slug);
        }
        bob.article("d");
        assert_eq!(ann.get("/articles/?order=title&author=2").is(200).all("slug"), ["a", "b", "c"]);
        assert_eq!(ann.get("/articles/?order=-created_at&limit=1").is(200).all("slug"), ["d"]);
        assert_eq!(ann.get("/articles/?title__like=C%25").is(200).all("title"), ["C"]);
        let row = ann.get("/articles/?slug=b&fields=id,title").is(200).json();
        assert_eq!(row, json!([{ "id": 1, "title": "B" }]));
        assert_eq!(ann.get("/articles/?slog=b").is(400).fields(), ["slog"]);
        let taken = json!({ "slug": "b", "title": "Again" });
        assert_eq!(ann.json("POST", "/articles/", &taken).is(409).fields(), ["slug"]);
    }

    fn what_is_deleted_comes_back_with_its_comments(site) {
        let (ann, rob, eve) = (site.as_user("ann"), site.as_user("rob"), site.as_user("eve"));
        let path = ann.article("one");
        let comment = rob.comment(1, "nice");
        ann.delete(&path).is(204);
        rob.get(&path).is(404);
        rob.get(&comment).is(404);
        assert_eq!(rob.get("/articles/").is(200).json(), json!([]));
        assert_eq!(eve.get("/articles/deleted/").is(200).all("slug"), ["one"]);
        eve.get("/articles/deleted/1/").is(200);
        eve.get("/articles/with-deleted/1/").is(200);
        let back = eve.send("PATCH", &format!("{path}restore/"), &[], "").is(200);
        assert_eq!(back.json()["deleted_at"], Value::Null);
        assert_eq!(rob.get(&comment).is(200).json()["body"], "nice");
    }

    fn many_at_once(site) {
        let (ann, eve) = (site.as_user("ann"), site.as_user("eve"));
        for slug in ["a", "b", "c"] {
            ann.article(slug);
        }
        eve.send("DELETE", "/articles/?slug=a&slug=b", &[("prefer", "max-affected=1")], "").is(400);
        let done = eve.delete("/articles/?slug=a&slug=b").is(204);
        assert_eq!(done.header("handleref-count"), "2");
        assert_eq!(eve.get("/articles/").is(200).all("slug"), ["c"]);
        eve.send("PATCH", "/articles/restore/?slug=a", &[], "").is(204);
        assert_eq!(eve.get("/articles/").is(200).all("slug"), ["a", "c"]);
    }

    fn an_editor_looks_back_and_reverts(site) {
        let (ann, eve) = (site.as_user("ann"), site.as_user("eve"));
        let path = ann.article("one");
        ann.json("PATCH", &path, &json!({ "title": "Two", "body": "b" })).is(200);
        ann.json("PATCH", &path, &json!({ "body": null })).is(200);
        assert_eq!(ann.get("/articles/history/1/1/").is(200).json()["title"], "ONE");
        let diff = ann.get("/articles/history/1/diff/?from=v1").is(200).json();
        let change = &diff["changes"][0];
        assert_eq!((&change["field"], &change["old"], &change["new"]), (&json!("title"), &json!("ONE"), &json!("Two")));
        assert_eq!(diff["changes"].as_array().unwrap().len(), 1);
        let blame = ann.get("/articles/history/1/blame/").is(200).json();
        let of = |field: &str| blame.as_array().unwrap().iter().find(|it| it["field"] == field).unwrap()["version"].clone();
        assert_eq!((of("slug"), of("title"), of("body")), (json!(1), json!(2), json!(3)));

        let revert = "/articles/history/1/revert/?to=v1";
        ann.send("POST", revert, &[], "").is(403);
        let plan = eve.get(revert).is(200);
        assert_eq!(plan.json()["possible"], true);
        eve.send("POST", revert, &[("if-match", "\"v2\"")], "").is(412);
        let done = eve.send("POST", revert, &[("if-match", "\"v3\"")], "").is(200);
        assert_eq!((done.json()["title"].as_str(), done.header("etag")), (Some("ONE"), "\"v4\""));
    }

    fn what_is_gone_can_be_inserted_again(site) {
        let (ann, eve) = (site.as_user("ann"), site.as_user("eve"));
        let path = ann.article("one");
        ann.delete(&format!("{path}?permanent=true")).is(403);
        eve.delete(&format!("{path}?permanent=true")).is(204);
        eve.get("/articles/with-deleted/1/").is(404);
        assert_eq!(eve.get("/articles/history/").is(200).all("key"), ["1"]);
        assert_eq!(eve.get("/articles/history/1/revert/").is(200).json()["reinsert"], true);
        let back = eve.send("POST", "/articles/history/1/revert/", &[], "").is(200);
        assert_eq!((back.json()["slug"].as_str(), back.header("etag")), (Some("one"), "\"v3\""));
        assert_eq!(eve.get("/articles/history/").is(200).json(), json!([]));
    }
}
