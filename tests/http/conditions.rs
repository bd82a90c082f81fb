//! Entity tags: who has not seen the last version changes nothing.

use crate::each_site;
use crate::models::Options;
use serde_json::json;

const JSON: (&str, &str) = ("content-type", "application/json");

each_site! {
    fn a_change_of_another_version_is_refused(site) {
        let send = |method: &str, path: &str, condition: (&str, &str), body: &str| {
            site.send(method, path, &[JSON, condition], body)
        };
        let tag = site.get("/articles/1/").is(200).header("etag").to_owned();
        assert_eq!(tag, "\"v1\"");
        let patch = r#"{"title": "x"}"#;
        let done = send("PATCH", "/articles/1/", ("if-match", &tag), patch).is(200);
        assert_eq!(done.header("etag"), "\"v2\"");
        for stale in [tag.as_str(), "\"v1\", \"v3\"", "W/\"v2\"", "\"V2\"", "\"x\""] {
            let refused = send("PATCH", "/articles/1/", ("if-match", stale), patch).is(412);
            assert_eq!(refused.problem(), "precondition-failed");
            send("DELETE", "/articles/1/", ("if-match", stale), "").is(412);
            send("DELETE", "/articles/1/?permanent=1", ("if-match", stale), "").is(412);
        }
        send("PATCH", "/articles/1/", ("if-match", "\"v1\", \"v2\""), r#"{"title": "y"}"#).is(200);
        send("PATCH", "/articles/1/", ("if-match", "*"), r#"{"title": "z"}"#).is(200);
        send("PATCH", "/articles/9/", ("if-match", "*"), patch).is(404);
        send("PATCH", "/articles/1/", ("if-match", "v4"), patch).is(400);
        send("PATCH", "/articles/1/", ("if-none-match", "*"), patch).is(412);
        send("DELETE", "/articles/1/", ("if-match", "\"v4\""), "").is(204);
        send("PATCH", "/articles/1/restore/", ("if-match", "\"v4\""), "").is(412);
        send("PATCH", "/articles/1/restore/", ("if-match", "\"v5\""), "").is(200);
        send("DELETE", "/articles/", ("if-match", "\"v1\""), "").is(400);
        send("POST", "/articles/", ("if-match", "\"v1\""), r#"{"slug": "n", "title": "n"}"#).is(400);
    }

    fn what_is_known_is_not_sent_again(site) {
        for path in ["/articles/1/", "/articles/", "/articles/with-deleted/1/", "/articles/1/?fields=title", "/api/tags/"] {
            let read = site.get(path).is(200);
            let tag = read.header("etag");
            assert!(!tag.is_empty(), "{path}");
            let known = site.send("GET", path, &[("if-none-match", tag)], "").is(304);
            assert_eq!((known.body.as_str(), known.header("etag")), ("", tag));
            let other = site.send("GET", path, &[("if-none-match", "\"x\"")], "").is(200);
            assert_eq!(other.body, read.body);
        }
        let tag = site.get("/articles/").is(200).header("etag").to_owned();
        site.json("PATCH", "/articles/2/", &json!({"title": "other"})).is(200);
        site.send("GET", "/articles/", &[("if-none-match", &tag)], "").is(200);
    }

    /// A part of a row has a tag of its own, which is of no use for writing.
    fn a_part_has_a_weak_tag(site) {
        let part = site.get("/articles/1/?fields=title").is(200);
        let tag = part.header("etag");
        assert!(tag.starts_with("W/\"v1-"), "{tag}");
        site.send("PATCH", "/articles/1/", &[JSON, ("if-match", tag)], r#"{"title": "x"}"#).is(412);
    }

    fn it_can_be_required(site, Options { if_match: true, ..Options::default() }) {
        site.json("PATCH", "/articles/1/", &json!({"title": "x"})).is(428);
        site.delete("/articles/1/").is(428);
        site.send("PATCH", "/articles/1/", &[JSON, ("if-match", "\"v1\"")], r#"{"title": "x"}"#).is(200);
    }

    /// Twenty clients who have all seen the same version: one of them is first.
    fn one_of_many_is_first(site) {
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let clients: Vec<_> = (0..20)
                .map(|at| {
                    scope.spawn(move || {
                        let body = format!("{{\"title\": \"t{at}\"}}");
                        let mut tries = 0;
                        loop {
                            let reply = site.send("PATCH", "/articles/1/", &[JSON, ("if-match", "\"v1\"")], &body);
                            tries += 1;
                            if reply.status != 503 || tries > 50 {
                                return reply.status;
                            }
                        }
                    })
                })
                .collect();
            clients.into_iter().map(|it| it.join().unwrap()).collect()
        });
        let count = |status: u16| statuses.iter().filter(|it| **it == status).count();
        assert_eq!((count(200), count(412)), (1, 19), "{statuses:?}");
        assert_eq!(site.get("/articles/1/").is(200).json()["version"], 2);
    }
}
