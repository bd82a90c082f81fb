//! What the database refuses, in words of the client.

use crate::each_site;
use serde_json::json;

each_site! {
    fn a_value_that_is_taken_is_named(site) {
        let new = json!({"slug": "a1", "title": "n"});
        let refused = site.json("POST", "/articles/", &new).is(409);
        assert_eq!((refused.problem().as_str(), refused.fields()), ("not-unique", vec!["slug".to_owned()]));
        let refused = site.json("PATCH", "/articles/1/", &json!({"slug": "a2"})).is(409);
        assert_eq!(refused.fields(), ["slug"]);
        site.json("POST", "/api/tags/", &json!({"name": "t", "weight": 1})).is(201);
        let refused = site.json("POST", "/api/tags/", &json!({"name": "t", "weight": 1})).is(409);
        if site.db.engine != crate::support::Engine::Sqlite {
            return;
        }
        assert_eq!(refused.fields(), ["name"]);
    }

    fn a_reference_to_nothing_is_a_conflict(site) {
        let refused = site.json("POST", "/comments/", &json!({"article_id": 99, "body": "b"})).is(409);
        assert_eq!(refused.problem(), "reference");
        // There are comments of it.
        let refused = site.delete("/articles/1/?permanent=1").is(409);
        assert_eq!(refused.problem(), "reference");
        site.get("/articles/1/").is(200);
    }

    /// No history is left of what was refused, either.
    fn what_is_refused_leaves_nothing(site) {
        site.json("POST", "/articles/", &json!({"slug": "a1", "title": "n"})).is(409);
        site.json("PATCH", "/articles/1/", &json!({"slug": "a2"})).is(409);
        assert_eq!(site.get("/articles/history/1/").is(200).json().as_array().unwrap().len(), 1);
        let next = site.json("POST", "/articles/", &json!({"slug": "b", "title": "n"})).is(201);
        assert_eq!(next.json()["version"], 1);
    }

    fn json_is_what_there_is(site) {
        for accept in ["text/html", "application/xml, text/plain", "application/json;q=0"] {
            site.send("GET", "/articles/", &[("accept", accept)], "").is(406);
        }
        for accept in ["*/*", "application/*", "text/html, application/json;q=0.5", "APPLICATION/JSON"] {
            site.send("GET", "/articles/", &[("accept", accept)], "").is(200);
        }
    }
}
