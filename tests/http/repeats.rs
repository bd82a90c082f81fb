//! `Idempotency-Key`: what is sent twice is done once.

use crate::client::Reply;
use crate::each_site;
use crate::models::Options;
use crate::site::Site;
use serde_json::json;

const JSON: (&str, &str) = ("content-type", "application/json");

fn keyed(site: &Site, method: &str, path: &str, key: &str, body: &str) -> Reply {
    site.send(method, path, &[JSON, ("idempotency-key", key)], body)
}

fn count(site: &Site) -> usize {
    let all = site.get("/articles/with-deleted/").is(200);
    all.json().as_array().unwrap().len()
}

each_site! {
    fn an_insert_is_answered_again(site) {
        let body = r#"{"slug": "n", "title": "New"}"#;
        let first = keyed(site, "POST", "/articles/", "\"k1\"", body).is(201);
        assert_eq!(first.header("idempotent-replayed"), "");
        // The quotes of the draft are no part of the key.
        for key in ["\"k1\"", "k1"] {
            let again = keyed(site, "POST", "/articles/", key, body).is(201);
            assert_eq!(again.header("idempotent-replayed"), "true");
            for header in ["location", "etag", "content-type"] {
                assert_eq!(again.header(header), first.header(header), "{header}");
            }
            assert_eq!(again.body, first.body);
        }
        assert_eq!(count(site), 5);
        // Another request with the key, in any part, is a mistake.
        for (method, path, body) in [
            ("POST", "/articles/", r#"{"slug": "n", "title": "Other"}"#),
            ("POST", "/api/tags/", r#"{"name": "n", "weight": 1}"#),
            ("PATCH", "/articles/1/", r#"{"title": "Other"}"#),
            ("DELETE", "/articles/1/", ""),
        ] {
            let refused = keyed(site, method, path, "k1", body).is(422);
            assert_eq!(refused.problem(), "idempotency-key-reused");
        }
        assert_eq!(site.get("/articles/1/").is(200).json()["version"], 1);
        // Another user's key is another key, and another key another request.
        let other = [JSON, ("idempotency-key", "k1"), ("x-user", "bob")];
        site.send("POST", "/articles/", &other, r#"{"slug": "m", "title": "New"}"#).is(201);
        assert_eq!(keyed(site, "POST", "/articles/", "k2", body).is(409).problem(), "not-unique");
        // What failed was not done.
        keyed(site, "POST", "/articles/", "k2", r#"{"slug": "o", "title": "New"}"#).is(201);
        assert_eq!(count(site), 7);
        // Its row is gone since.
        site.delete("/articles/5/?permanent=true").is(204);
        let again = keyed(site, "POST", "/articles/", "k1", body).is(201);
        assert_eq!((again.header("location"), again.body.as_str()), ("./5/", ""));
        assert_eq!(count(site), 6);
    }

    /// A key of text, under a prefix that another router has added.
    fn rows_with_other_keys(site) {
        let body = r#"{"name": "a b", "weight": 1}"#;
        let first = keyed(site, "POST", "/api/tags/", "k", body).is(201);
        let again = keyed(site, "POST", "/api/tags/", "k", body).is(201);
        assert_eq!(again.header("location"), first.header("location"));
        assert_eq!(again.body, first.body);
    }

    fn every_write_can_have_one(site, Options { hard: handleref::http::Switch::new(true), ..Options::default() }) {
        for (key, method, path, body) in [
            ("a", "PATCH", "/articles/1/", r#"{"title": "x"}"#),
            ("b", "PUT", "/articles/1/", r#"{"slug": "s", "title": "y", "note": null}"#),
            ("c", "DELETE", "/articles/1/", ""),
            ("d", "PATCH", "/articles/1/restore/", ""),
            ("e", "POST", "/articles/history/1/revert/?to=v1", ""),
            ("f", "DELETE", "/articles/?title=Beta", ""),
            ("g", "PATCH", "/articles/restore/?title=Beta", ""),
            ("h", "DELETE", "/articles/?permanent=true&title=Gone", ""),
        ] {
            let first = keyed(site, method, path, key, body);
            assert!(first.status < 300, "{path} {first:?}");
            // By anybody in between.
            let before = site.get("/log/changes/?limit=1000").is(200);
            let again = keyed(site, method, path, key, body).is(first.status);
            assert_eq!(again.header("idempotent-replayed"), "true");
            for header in ["handleref-count", "etag"] {
                assert_eq!(again.header(header), first.header(header), "{path}");
            }
            assert_eq!(again.body, first.body);
            let after = site.get("/log/changes/?limit=1000").is(200);
            assert_eq!(before.json()["changes"], after.json()["changes"], "{path}");
        }
    }

    /// The row goes on meanwhile: what is answered is how it is.
    fn a_row_that_went_on(site) {
        let patch = r#"{"title": "x"}"#;
        let headers = [JSON, ("idempotency-key", "k"), ("if-match", "\"v1\"")];
        site.send("PATCH", "/articles/1/", &headers, patch).is(200);
        site.json("PATCH", "/articles/1/", &json!({"title": "z"})).is(200);
        let again = site.send("PATCH", "/articles/1/", &headers, patch).is(200);
        assert_eq!((again.header("etag"), &again.json()["title"]), ("\"v3\"", &json!("z")));
    }

    fn at_the_same_time(site) {
        let body = r#"{"slug": "n", "title": "New"}"#;
        let mut replies: Vec<Reply> = std::thread::scope(|scope| {
            let all: Vec<_> = (0..20)
                .map(|_| scope.spawn(|| keyed(site, "POST", "/articles/", "k", body)))
                .collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        replies.sort_by_key(|reply| reply.status);
        assert!(replies.iter().any(|reply| reply.status == 201), "{replies:?}");
        for reply in &replies {
            match reply.status {
                201 => assert_eq!(reply.header("location"), "./5/"),
                409 => {
                    assert_eq!(reply.problem(), "in-flight");
                    assert_eq!(reply.header("retry-after"), "1");
                }
                _ => panic!("{reply:?}"),
            }
        }
        assert_eq!(count(site), 5);
        keyed(site, "POST", "/articles/", "k", body).is(201);
    }

    fn keys_that_are_none(site) {
        let body = r#"{"slug": "n", "title": "New"}"#;
        for key in ["", "\"\"", &"k".repeat(256), "\u{e4}", "a b", "\"", "a\"b", "\"a\\\"", "\"a"] {
            keyed(site, "POST", "/articles/", key, body).is(400);
        }
        let twice = [JSON, ("idempotency-key", "a"), ("idempotency-key", "b")];
        site.send("POST", "/articles/", &twice, body).is(400);
        assert_eq!(count(site), 4);
        // It means nothing to those who read.
        let read = [("idempotency-key", "")];
        site.send("GET", "/articles/", &read, "").is(200);
    }

    fn it_can_be_required(site, Options { needs_key: true, ..Options::default() }) {
        let body = json!({"slug": "n", "title": "New"});
        site.json("POST", "/articles/", &body).is(400);
        keyed(site, "POST", "/articles/", "k", &body.to_string()).is(201);
        site.json("PATCH", "/articles/1/", &json!({"title": "x"})).is(200);
    }
}
