//! The thirteen routes: what django-timestampable's tests assert of them.

use crate::each_site;
use crate::models::Options;
use handleref::http::Switch;
use serde_json::json;

fn with(hard: bool, content: bool) -> Options {
    Options {
        hard: Switch::new(hard),
        content: Switch::new(content),
        ..Options::default()
    }
}

each_site! {
    fn the_lists_are_the_living_the_deleted_and_all(site) {
        let ids = |path: &str| site.get(path).is(200).all("id");
        assert_eq!(ids("/articles/"), [1, 2, 3]);
        assert_eq!(ids("/articles/deleted/"), [4]);
        assert_eq!(ids("/articles/with-deleted/"), [1, 2, 3, 4]);
        site.get("/articles/4/").is(404);
        site.get("/articles/deleted/1/").is(404);
        assert_eq!(site.get("/articles/deleted/4/").is(200).json()["id"], 4);
        for id in ["1", "4"] {
            site.get(&format!("/articles/with-deleted/{id}/")).is(200);
        }
    }

    /// Whatever cannot be a key is a row that is not there.
    fn no_key_is_a_fault(site) {
        for key in ["9", "x", "1.0", "-1", "99999999999999999999", "%00", "%ff", "1,2", "%20", "a%2Fb"] {
            site.get(&format!("/articles/{key}/")).is(404);
            site.delete(&format!("/articles/{key}/")).is(404);
            site.patch(&format!("/articles/{key}/restore/")).is(404);
            site.json("PATCH", &format!("/articles/{key}/"), &json!({"title": "x"})).is(404);
            site.get(&format!("/articles/history/{key}/")).is(404);
        }
        site.get("/elsewhere/").is(404);
    }

    fn a_row_is_created_changed_deleted_and_restored(site) {
        let new = json!({"slug": "new", "title": "New", "note": null});
        let created = site.json("POST", "/articles/", &new).is(201);
        assert_eq!(created.header("location"), "./5/");
        assert_eq!(created.header("etag"), "\"v1\"");
        let row = created.json();
        assert_eq!((&row["id"], &row["title"], &row["note"], &row["version"]), (&json!(5), &json!("New"), &json!(null), &json!(1)));

        let part = site.json("PATCH", "/articles/5/", &json!({"note": "n"})).is(200);
        assert_eq!((part.json()["note"].as_str(), part.header("etag")), (Some("n"), "\"v2\""));
        let whole = json!({"slug": "new", "title": "Newer", "note": null});
        let whole = site.json("PUT", "/articles/5/", &whole).is(200).json();
        assert_eq!((&whole["title"], &whole["note"], &whole["version"]), (&json!("Newer"), &json!(null), &json!(3)));

        let deleted = site.delete("/articles/5/").is(204);
        assert_eq!(deleted.body, "");
        site.delete("/articles/5/").is(404);
        site.json("PATCH", "/articles/5/", &json!({"note": "n"})).is(404);
        let restored = site.patch("/articles/5/restore/").is(200);
        assert_eq!((restored.json()["id"].clone(), restored.header("etag")), (json!(5), "\"v5\""));
        site.patch("/articles/5/restore/").is(404);
        assert_eq!(site.failures(), Vec::<String>::new());
    }

    /// With its family, as every deletion.
    fn children_go_and_come_back(site) {
        site.delete("/articles/1/").is(204);
        assert_eq!(site.get("/comments/").is(200).all("id").len(), 0);
        let alone = site.patch("/comments/1/restore/").is(409);
        assert_eq!(alone.problem(), "parent-deleted");
        site.patch("/articles/1/restore/").is(200);
        assert_eq!(site.get("/comments/").is(200).all("id"), [1, 2]);
    }

    fn permanent_is_spelt_in_these_ways(site) {
        for (at, yes) in ["t", "T", "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON", "1"].iter().enumerate() {
            let new = json!({"slug": format!("p{at}"), "title": "p"});
            let made = site.json("POST", "/articles/", &new).is(201).json();
            let path = format!("/articles/{}/", made["id"]);
            site.delete(&format!("{path}?permanent={yes}")).is(204);
            site.get(&format!("/articles/with-deleted/{}/", made["id"])).is(404);
        }
        for no in ["", "null", "Null", "NULL", "f", "F", "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF", "0"] {
            site.delete(&format!("/articles/2/?permanent={no}")).is(204);
            site.patch("/articles/2/restore/").is(200);
        }
        for wrong in ["123", "abc", "a0s8", "%20", "1.0", "2", "01", "-1", "none", "None", "ok", "tRuE", "%20true"] {
            let refused = site.delete(&format!("/articles/2/?permanent={wrong}")).is(400);
            assert_eq!(refused.fields(), ["permanent"]);
            site.get(&format!("/articles/?permanent={wrong}")).is(400);
            site.patch(&format!("/articles/4/restore/?permanent={wrong}")).is(400);
        }
        // The last one counts, and the name has one spelling.
        site.delete("/articles/2/?permanent=abc&permanent=0").is(204);
        site.patch("/articles/2/restore/").is(200);
        site.delete("/articles/2/?PERMANENT=1").is(400);
        site.get("/articles/2/").is(200);
    }

    fn a_deleted_row_can_be_deleted_for_good(site) {
        site.delete("/articles/4/").is(404);
        site.delete("/articles/4/?permanent=1").is(204);
        site.delete("/articles/4/?permanent=1").is(404);
        assert_eq!(site.get("/articles/deleted/").is(200).body, "[]");
    }

    fn all_rows_are_deleted_and_restored(site, with(false, true)) {
        assert_eq!(site.delete("/articles/").is(200).json(), json!({"count": 3}));
        assert_eq!(site.get("/articles/").is(200).body, "[]");
        assert_eq!(site.patch("/articles/restore/").is(200).json(), json!({"count": 4}));
        assert_eq!(site.get("/comments/").is(200).all("id"), [1, 2]);
        assert_eq!(site.patch("/articles/restore/").is(200).json(), json!({"count": 0}));
    }

    fn without_content_bulk_operations_say_nothing(site) {
        let deleted = site.delete("/articles/").is(204);
        assert_eq!((deleted.body.as_str(), deleted.header("handleref-count")), ("", "3"));
        assert_eq!(site.patch("/articles/restore/").is(204).body, "");
        site.delete("/articles/?permanent=1").is(403);
        assert_eq!(site.get("/articles/with-deleted/").is(200).all("id").len(), 4);
    }

    /// The switches are read for every request.
    fn switches_can_be_changed(site, with(false, true)) {
        site.delete("/articles/?permanent=1").is(403);
        site.hard.set(true);
        site.delete("/comments/").is(204);
        site.db.execute("DELETE FROM comments");
        let purged = site.delete("/articles/?permanent=1").is(200).json();
        assert_eq!(purged, json!({"count": 4, "count_per_model": {"Article": 4}}));
    }

    fn methods_are_those_of_the_table(site) {
        for (path, allow) in [
            ("/articles/", "GET, POST, DELETE, HEAD, OPTIONS"),
            ("/articles/1/", "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"),
            ("/articles/restore/", "PATCH, OPTIONS"),
            ("/articles/1/restore/", "PATCH, OPTIONS"),
            ("/articles/deleted/", "GET, HEAD, OPTIONS"),
            ("/articles/deleted/4/", "GET, HEAD, OPTIONS"),
            ("/articles/with-deleted/", "GET, HEAD, OPTIONS"),
            ("/comments/1/", "GET, PUT, DELETE, HEAD, OPTIONS"),
            ("/articles/history/1/", "GET, HEAD, OPTIONS"),
        ] {
            let refused = site.send("TRACE", path, &[], "").is(405);
            assert_eq!(refused.header("allow"), allow, "{path}");
            let told = site.send("OPTIONS", path, &[], "").is(204);
            assert_eq!(told.header("allow"), allow, "{path}");
        }
        site.json("POST", "/articles/1/", &json!({})).is(405);
        site.send("POST", "/articles/4/restore/", &[], "").is(405);
        for path in ["/articles/", "/articles/1/"] {
            let (read, head) = (site.get(path).is(200), site.send("HEAD", path, &[], "").is(200));
            assert_eq!(head.body, "");
            for name in ["content-length", "content-type", "etag"] {
                assert_eq!(head.header(name), read.header(name), "{path} {name}");
            }
        }
        site.send("HEAD", "/articles/9/", &[], "").is(404);
    }

    fn post_can_be_an_update(site, Options { post_updates: true, ..Options::default() }) {
        let whole = json!({"slug": "a1", "title": "Posted", "note": null});
        assert_eq!(site.json("POST", "/articles/1/", &whole).is(200).json()["title"], "Posted");
        let refused = site.send("TRACE", "/articles/1/", &[], "").is(405);
        assert_eq!(refused.header("allow"), "GET, PUT, PATCH, DELETE, POST, HEAD, OPTIONS");
    }

    fn a_path_without_its_slash_leads_to_the_other(site) {
        let sent = site.get("/articles?title=x").is(308);
        assert_eq!(sent.header("location"), "./articles/?title=x");
        assert_eq!(site.get("/articles/1").is(308).header("location"), "./1/");
        assert_eq!(site.get("/api/tags").is(308).header("location"), "./tags/");
    }

    /// A model without soft delete has the routes that make sense.
    fn what_is_not_soft_deleted_is_deleted(site, with(true, false)) {
        for name in ["a,b/c", "x y", "ü%"] {
            let made = site.json("POST", "/api/tags/", &json!({"name": name, "weight": 1})).is(201);
            let path = format!("/api/tags/{}", &made.header("location")[2..]);
            assert_eq!(site.get(&path).is(200).json(), json!({"name": name, "weight": 1}));
            assert_eq!(site.json("PATCH", &path, &json!({"weight": 2})).is(200).json()["weight"], 2);
            site.delete(&path).is(204);
            site.get(&path).is(404);
        }
        // There is no such route, and so it is a key.
        site.get("/api/tags/deleted/").is(404);
        assert_eq!(site.delete("/api/tags/").is(204).header("handleref-count"), "0");
    }

    fn what_a_request_writes_is_signed(site) {
        let headers = [("content-type", "application/json"), ("x-user", "ann"), ("x-comment", "typo"), ("x-request-id", "r7")];
        site.send("PATCH", "/articles/1/", &headers, r#"{"title": "Signed"}"#).is(200);
        let history = site.get("/articles/history/1/?limit=1").is(200).json();
        let changeset = &history[0]["changeset"];
        assert_eq!((&changeset["actor"], &changeset["comment"]), (&json!("ann"), &json!("typo")));
    }
}
