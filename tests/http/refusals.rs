//! What the database refuses, in words of the client.

use crate::each_site;
use crate::models::Options;
use handleref::http::{Action, Ask, Decision};
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

    /// A deleted row that holds the value can be brought back, and the answer says how.
    fn a_deleted_row_holds_the_value(site) {
        for (method, path, body, way) in [
            ("POST", "/articles/", json!({"slug": "a4", "title": "n"}), "./4/restore/"),
            ("PATCH", "/articles/1/", json!({"slug": "a4"}), "../4/restore/"),
        ] {
            let refused = site.json(method, path, &body).is(409).json();
            assert_eq!(refused["errors"][0]["detail"], "a deleted row has this value, which can be restored");
            assert_eq!(refused["restore"], way);
        }
        let refused = site.json("PATCH", "/articles/1/", &json!({"slug": "a2"})).is(409).json();
        assert_eq!((&refused["errors"][0]["detail"], &refused["restore"]), (&json!("another row has this value"), &json!(null)));
        site.patch("/articles/4/restore/").is(200);
    }

    /// Those who may not see deleted rows do not hear of them.
    fn a_deleted_row_of_others(site, Options::policy(|ask: &Ask<'_>| match ask.action {
        Action::ReadDeleted => Decision::Deny,
        _ => Decision::Allow,
    })) {
        let refused = site.json("POST", "/articles/", &json!({"slug": "a4", "title": "n"})).is(409).json();
        assert_eq!(refused["errors"][0]["detail"], "another row has this value, maybe a deleted one");
        assert_eq!(refused["restore"], json!(null));
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
