//! Who may do what, and see what.

use crate::each_site;
use crate::models::Options;
use axum::http::request::Parts;
use handleref::http::{Action, Ask, Decision, Policy, ReadOnly, SingleRows, Switch};
use serde_json::{Value, json};

/// Rows are their owners'; others may read those of owner 0. Nobody but a clerk sees secrets.
struct Owners;

fn user(request: &Parts) -> Option<i64> {
    request.headers.get("x-user")?.to_str().ok()?.parse().ok()
}

impl Policy for Owners {
    fn decide(&self, ask: &Ask<'_>) -> Decision {
        let Some(row) = ask.object else {
            return match (ask.action, user(ask.request)) {
                (Action::Create, None) => Decision::Deny,
                _ => Decision::Allow,
            };
        };
        let owner = row.values.get("owner").and_then(Value::as_i64);
        let reads = matches!(
            ask.action,
            Action::Read | Action::ReadDeleted | Action::History
        );
        match (owner, user(ask.request)) {
            (owner, user) if user.is_some() && owner == user => Decision::Allow,
            (Some(0), _) if reads => Decision::Allow,
            (Some(0), _) => Decision::Deny,
            _ => Decision::Hide,
        }
    }

    fn hidden(&self, request: &Parts) -> Vec<String> {
        match request.headers.contains_key("x-clerk") {
            true => Vec::new(),
            false => vec!["secret".to_owned()],
        }
    }
}

each_site! {
    /// Those that may be read; more than can be looked at are not guessed.
    fn rows_that_may_be_read_are_counted(site, Options::policy(Owners)) {
        let count = |user: &str| {
            let headers = [("prefer", "count=exact"), ("x-user", user)];
            site.send("GET", "/articles/?limit=1", &headers, "").is(200).header("handleref-count").to_owned()
        };
        assert_eq!((count("1").as_str(), count("7").as_str()), ("3", "1"));
    }

    fn too_many_to_count(site, Options { bulk_limit: 2, ..Options::policy(Owners) }) {
        site.send("GET", "/articles/", &[("prefer", "count=exact")], "").is(400);
        site.get("/articles/").is(200);
    }

    fn reading_alone(site, Options::policy(ReadOnly)) {
        for path in ["/articles/", "/articles/1/", "/articles/deleted/", "/articles/history/1/"] {
            site.get(path).is(200);
        }
        site.json("POST", "/articles/", &json!({"slug": "n", "title": "n"})).is(403);
        site.json("PATCH", "/articles/1/", &json!({"title": "n"})).is(403);
        site.delete("/articles/1/").is(403);
        site.delete("/articles/").is(403);
        site.patch("/articles/restore/").is(403);
        site.patch("/articles/4/restore/").is(403);
        site.json("PATCH", "/articles/9/", &json!({"title": "n"})).is(404);
    }

    fn single_rows_alone(site, Options { hard: Switch::new(true), ..Options::policy(SingleRows) }) {
        site.json("PATCH", "/articles/1/", &json!({"title": "n"})).is(200);
        site.delete("/articles/1/").is(204);
        site.patch("/articles/1/restore/").is(200);
        for path in ["/articles/", "/articles/?permanent=1", "/articles/1/?permanent=1"] {
            site.delete(path).is(403);
        }
        site.patch("/articles/restore/").is(403);
        assert_eq!(site.get("/articles/with-deleted/").is(200).all("id").len(), 4);
    }

    /// Articles 1 and 3 belong to user 1, article 2 and 4 to nobody.
    fn rows_of_ones_own(site, Options::policy(Owners)) {
        let json = ("content-type", "application/json");
        let one = [json, ("x-user", "1")];
        assert_eq!(site.get("/articles/").is(200).all("id"), [2]);
        assert_eq!(site.send("GET", "/articles/", &one, "").is(200).all("id"), [1, 2, 3]);
        site.get("/articles/1/").is(404);
        site.send("GET", "/articles/1/", &one, "").is(200);
        // What may not be read is not there; what may be read is not to be changed.
        let patch = r#"{"title": "x"}"#;
        site.send("PATCH", "/articles/1/", &[json], patch).is(404);
        site.send("PATCH", "/articles/2/", &one, patch).is(403);
        site.send("PATCH", "/articles/1/", &one, patch).is(200);
        site.send("DELETE", "/articles/2/", &one, "").is(403);
        site.get("/articles/history/1/").is(404);
        site.send("GET", "/articles/history/1/", &one, "").is(200);
        // A row of somebody else's is taken back.
        let theirs = r#"{"slug": "n", "title": "n", "owner": 2}"#;
        site.send("POST", "/articles/", &one, theirs).is(404);
        site.send("POST", "/articles/", &[json], theirs).is(403);
        let own = r#"{"slug": "n", "title": "n", "owner": 1}"#;
        site.send("POST", "/articles/", &one, own).is(201);
        // One row that is not allowed, and nothing is done.
        site.send("DELETE", "/articles/", &one, "").is(403);
        assert_eq!(site.send("GET", "/articles/", &one, "").is(200).all("id").len(), 4);
        site.send("DELETE", "/articles/?title=x", &one, "").is(204);
        // What may not be seen is not meant.
        let none = site.delete("/articles/?id__in=3").is(204);
        assert_eq!(none.header("handleref-count"), "0");
        site.send("GET", "/articles/3/", &one, "").is(200);
    }

    /// One mask for everything that comes out, and nothing finds out what is behind it.
    fn hidden_fields_are_nowhere(site, Options::policy(Owners)) {
        let (one, clerk) = ([("x-user", "1")], [("x-user", "1"), ("x-clerk", "1")]);
        site.db.execute("UPDATE articles SET secret = 'sesame' WHERE id = 1");
        for path in [
            "/articles/", "/articles/1/", "/articles/with-deleted/", "/articles/history/1/", "/articles/history/1/1/",
            "/articles/history/1/diff/?from=1", "/articles/history/1/blame/", "/articles/history/1/2/",
            "/articles/history/1/revert/?to=1", "/log/changes/",
        ] {
            let seen = site.send("GET", path, &one, "").is(200);
            assert!(!seen.body.contains("secret") && !seen.body.contains("sesame"), "{path}: {}", seen.body);
            let seen = site.send("GET", path, &clerk, "").is(200);
            assert!(seen.body.contains("secret"), "{path}: {}", seen.body);
        }
        for query in ["secret=sesame", "order=secret", "order=-secret", "fields=secret"] {
            let path = format!("/articles/?{query}");
            let refused = site.send("GET", &path, &one, "").is(400);
            assert!(!refused.json()["detail"].as_str().unwrap().contains("secret,"), "{refused:?}");
            site.send("GET", &path, &clerk, "").is(200);
        }
        site.send("DELETE", "/articles/?secret=sesame", &one, "").is(400);
        // Nor is what nobody may see brought back by those who may not.
        site.send("POST", "/articles/history/1/revert/?to=1", &one, "").is(200);
        let secret = |path: &str| site.send("GET", path, &clerk, "").is(200).json()["secret"].clone();
        assert_eq!(secret("/articles/1/"), "sesame");
        let whole = site.send("GET", "/articles/1/", &clerk, "").is(200);
        assert_eq!(whole.header("etag"), "\"v2\"");
        assert!(site.send("GET", "/articles/1/", &one, "").is(200).header("etag").starts_with("W/"));
    }

    fn gone_is_told_to_those_who_may_know(site, Options { gone: true, ..Options::policy(Owners) }) {
        let gone = site.get("/articles/4/").is(410).json();
        assert_eq!(gone["deleted"], "../deleted/4/");
        assert!(gone["deleted_at"].is_string(), "{gone}");
        site.get("/articles/9/").is(404);
        let one = [("x-user", "1")];
        site.send("DELETE", "/articles/1/", &one, "").is(204);
        site.get("/articles/1/").is(404);
        site.send("GET", "/articles/1/", &one, "").is(410);
        site.send("DELETE", "/articles/1/", &one, "").is(410);
    }
}
