//! Requests of people who mean no good.

use crate::client::parse;
use crate::each_site;

const TEXTS: &[&str] = &[
    "",
    "0",
    "-1",
    "1",
    "9223372036854775808",
    "1e400",
    "NaN",
    "null",
    "true",
    "'",
    "\"",
    "\\",
    "1' OR '1'='1",
    "1; DROP TABLE articles",
    "%27%3B--",
    "%00",
    "%c0%af",
    "%ff",
    "%",
    "%zz",
    "../../etc/passwd",
    "..%2f",
    "$(id)",
    "{{7*7}}",
    "<script>",
    "%F0%9F%A6%80",
    "a&b=c",
    "a;b",
    "a%26permanent=1",
    "\u{202e}x",
    "[]",
    "{}",
    "v1",
    "v-1",
    "2001-01-01T00:00:00Z",
    "9999999999999999999-01-01T00:00:00Z",
];

const NAMES: &[&str] = &[
    "limit",
    "cursor",
    "order",
    "fields",
    "since",
    "until",
    "as_of",
    "permanent",
    "title",
    "id__in",
    "id__gte",
    "before",
    "from",
    "to",
    "title__contains",
    "secret",
    "__proto__",
    "id",
    "",
    "%00",
];

const PATHS: &[&str] = &[
    "/articles/",
    "/articles/1/",
    "/articles/deleted/",
    "/articles/with-deleted/1/",
    "/articles/history/1/",
    "/articles/history/1/diff/",
    "/articles/history/1/1/",
    "/articles/history/1/blame/",
    "/api/tags/x/",
    "/articles/restore/",
    "/articles/4/restore/",
];

const BODIES: &[&str] = &[
    "{}",
    "[]",
    "{\"title\": []}",
    "{\"title\": {\"$ne\": 1}}",
    "{\"title\": \"\\u0000\"}",
    "{\"version\": 99}",
    "{\"deleted_at\": null}",
    "{\"title\": \"\\ud800\"}",
    "{\"id\": 1}",
    "{\"note\": 1e999}",
    "{\"slug\": true}",
    "\u{0}",
    "{\"title\":\"a\"}{\"title\":\"b\"}",
];

each_site! {
    /// None of them is a failure of the server, and none of them writes.
    fn nothing_is_a_failure(site) {
        let before = site.get("/articles/with-deleted/").is(200).body;
        let ask = |method: &str, path: &str, body: &str| {
            // Of what the HTTP library itself refuses only the status counts.
            let request = format!(
                "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
                 content-length: {}\r\n\r\n{body}",
                body.len()
            );
            let reply = parse(&site.raw(request.as_bytes()));
            if let Some(reply) = reply {
                assert!(reply.status < 500, "{method} {path} {body}: {reply:?}");
            }
        };
        for path in PATHS {
            for (at, name) in NAMES.iter().enumerate() {
                // Every text with some name, and every name with some text.
                for text in TEXTS.iter().skip(at % 3).step_by(3) {
                    ask("GET", &format!("{path}?{name}={text}"), "");
                }
            }
        }
        for text in TEXTS {
            for path in [format!("/articles/{text}/"), format!("/articles/history/{text}/"), format!("/articles/1/?{text}")] {
                ask("GET", &path, "");
                ask("HEAD", &path, "");
            }
        }
        for body in BODIES.iter().filter(|it| **it != "{}") {
            for (method, path) in [("POST", "/articles/"), ("PUT", "/articles/1/"), ("PATCH", "/articles/1/"), ("PUT", "/comments/1/")] {
                ask(method, path, body);
            }
        }
        for header in [
            "if-match: \"", "if-match: *, *", "if-none-match: W/", "prefer: max-affected=-1", "accept: ;;;", "content-length: 99999999999",
            "transfer-encoding: chunked\r\ncontent-length: 3", "content-type: \u{7f}", "x-request-id: \u{80}", "expect: 100-continue",
        ] {
            let request = format!("PATCH /articles/1/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{header}\r\n\r\n");
            // A request that promises more than it sends is given up by the client here.
            if header.contains("99999999999") || header.contains("chunked") || header.contains("100-continue") {
                continue;
            }
            if let Some(reply) = parse(&site.raw(request.as_bytes())) {
                assert!(reply.status < 500, "{header}: {reply:?}");
            }
        }
        ask("GET", &format!("/articles/?title={}", "x".repeat(30_000)), "");
        assert_eq!(site.get("/articles/with-deleted/").is(200).body, before);
    }

    /// Two hundred at once, most of what they send of the worst kind: it writes nothing.
    fn many_at_once(site) {
        let before = site.get("/articles/with-deleted/").is(200).body;
        std::thread::scope(|scope| {
            for at in 0..200 {
                scope.spawn(move || {
                    for round in 0..3 {
                        let pick = at * 7 + round;
                        let (text, body) = (TEXTS[pick % TEXTS.len()], BODIES[1 + pick % (BODIES.len() - 1)]);
                        let (method, path) = [("POST", "/articles/"), ("PATCH", "/articles/1/"), ("PUT", "/articles/1/")][pick % 3];
                        for request in [
                            format!("GET /articles/?title={text} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"),
                            format!(
                                "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
                                 content-length: {}\r\n\r\n{body}",
                                body.len()
                            ),
                        ] {
                            if let Some(reply) = parse(&site.raw(request.as_bytes())) {
                                assert!(reply.status < 500, "{request}: {reply:?}");
                            }
                        }
                        site.get("/articles/1/").is(200);
                    }
                });
            }
        });
        assert_eq!(site.get("/articles/with-deleted/").is(200).body, before);
    }
}
