//! What clients send.

use crate::each_site;
use serde_json::{Value, json};

each_site! {
    /// What handleref writes is nobody else's to write, and what is not known is not left out
    /// in silence.
    fn fields_that_cannot_be_set_are_named(site) {
        for (field, value) in [
            ("version", json!(7)), ("created_at", json!("2026-01-01T00:00:00")), ("updated_at", json!(null)),
            ("deleted_at", json!(null)), ("titel", json!("x")), ("id", json!(9)),
        ] {
            let mut new = json!({"slug": "n", "title": "n"});
            new[field] = value.clone();
            assert_eq!(site.json("POST", "/articles/", &new).is(422).fields(), [field]);
            let part = json!({field: value});
            assert_eq!(site.json("PATCH", "/articles/1/", &part).is(422).fields(), [field]);
        }
        let two = json!({"version": 1, "titel": 1, "title": "x"});
        let mut fields = site.json("PATCH", "/articles/1/", &two).is(422).fields();
        fields.sort();
        assert_eq!(fields, ["titel", "version"]);
        assert_eq!(site.get("/articles/1/").is(200).json()["version"], 1);
    }

    fn null_is_not_the_same_as_nothing(site) {
        let set = |body: Value| site.json("PATCH", "/articles/1/", &body);
        assert_eq!(set(json!({"note": "n"})).is(200).json()["note"], "n");
        assert_eq!(set(json!({"title": "t"})).is(200).json()["note"], "n");
        assert_eq!(set(json!({"note": null})).is(200).json()["note"], json!(null));
        assert_eq!(set(json!({"title": null})).is(422).fields(), ["title"]);
        assert_eq!(set(json!({"title": 7})).is(422).fields(), ["title"]);
        // Nothing in it is no change.
        let before = site.get("/articles/1/").is(200).header("etag").to_owned();
        assert_eq!(set(json!({})).is(200).header("etag"), before);
        let patch = [("content-type", "application/merge-patch+json; charset=utf-8")];
        site.send("PATCH", "/articles/1/", &patch, r#"{"note": "m"}"#).is(200);
    }

    fn put_says_everything(site) {
        let put = |path: &str, body: Value| site.json("PUT", path, &body);
        assert_eq!(put("/articles/1/", json!({"title": "t"})).is(400).fields(), ["slug", "note"]);
        put("/articles/1/", json!({"slug": "a1", "title": "t", "note": null})).is(200);
        put("/articles/9/", json!({"slug": "a9", "title": "t", "note": null})).is(404);
        assert_eq!(put("/comments/1/", json!({"body": "b"})).is(200).json()["body"], "b");
        assert_eq!(put("/comments/1/", json!({})).is(400).fields(), ["body"]);
        put("/comments/1/", json!({"body": null})).is(422);
    }

    fn a_field_that_is_needed_is_named(site) {
        let refused = site.json("POST", "/articles/", &json!({"title": "t"})).is(400);
        assert_eq!(refused.fields(), ["slug"]);
        let refused = site.json("POST", "/articles/", &json!({"slug": "s", "title": " "})).is(422);
        assert_eq!(refused.fields(), ["title"]);
        site.json("POST", "/articles/", &json!({"slug": ["s"], "title": "t"})).is(422);
    }

    fn what_is_no_object_is_refused(site) {
        let headers = [("content-type", "application/json")];
        for body in ["", "{", "[]", "null", "7", "\"x\"", "{\"title\": \"a\", \"title\": \"b\"}", "{} {}", "{\"title\": NaN}", "{'a': 1}", "\u{feff}{}"] {
            site.send("PATCH", "/articles/1/", &headers, body).is(400);
            site.send("POST", "/articles/", &headers, body).is(400);
        }
        let deep = format!("{{\"note\": {}}}", "[".repeat(4000));
        site.send("PATCH", "/articles/1/", &headers, &deep).is(400);
        let long = format!("{{\"note\": \"{}\"}}", "x".repeat(20_000));
        site.send("PATCH", "/articles/1/", &headers, &long).is(413);
        for kind in ["text/plain", "application/xml", "application/jsonp", ""] {
            site.send("PATCH", "/articles/1/", &[("content-type", kind)], "{}").is(415);
        }
        site.send("PATCH", "/articles/1/", &[], "{}").is(415);
        site.send("PUT", "/articles/1/", &[("content-type", "application/merge-patch+json")], "{}").is(415);
        assert_eq!(site.get("/articles/1/").is(200).json()["version"], 1);
    }

    /// What a column cannot hold is the client's, and no failure of the server.
    fn values_that_cannot_be_stored_are_refused(site) {
        let set = |body: Value| site.json("PATCH", "/articles/1/", &body);
        assert_eq!(set(json!({"title": "a\u{0}b"})).is(422).fields(), ["title"]);
        let new = json!({"slug": "s", "title": "t", "owner": 99_999_999_999_i64});
        assert_eq!(site.json("POST", "/articles/", &new).is(422).fields(), ["owner"]);
        let new = json!({"slug": "s", "title": "t", "owner": 1.5});
        assert_eq!(site.json("POST", "/articles/", &new).is(422).fields(), ["owner"]);
        if site.db.engine != crate::support::Engine::Sqlite {
            set(json!({"slug": "s".repeat(200)})).is(422);
        }
        let emoji = set(json!({"title": "🦀 ü"})).is(200).json();
        assert_eq!(emoji["title"], "🦀 ü");
    }
}
