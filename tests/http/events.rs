//! Changes as they come.

use crate::client::{Client, Stream};
use crate::each_site;
use crate::models::Options;
use handleref::http::{Ask, Decision};
use serde_json::{Value, json};

fn polled(site: &Client) -> (Vec<String>, String) {
    let batch = site.get("/log/changes/?limit=10000").is(200).json();
    let changes = batch["changes"].as_array().unwrap().iter();
    (
        changes.map(Value::to_string).collect(),
        batch["cursor"].as_str().unwrap().to_owned(),
    )
}

each_site! {
    /// The same as whoever asks gets, byte for byte, and then what comes.
    fn a_stream_says_what_polling_says(site) {
        let mut stream = Stream::open(site, "", "");
        let (before, _) = polled(site);
        assert_eq!(stream.changes(before.len()).0, before);
        site.json("PATCH", "/articles/1/", &json!({"title": "Two"})).is(200);
        let (new, cursor) = stream.changes(1);
        assert_eq!(new, polled(site).0[before.len()..]);
        assert!(!cursor.is_empty());
    }

    /// Whoever is cut off goes on where it was.
    fn a_stream_goes_on_after_its_last_event(site) {
        let mut all = Vec::new();
        let mut last = String::new();
        for round in 0..4 {
            let body = json!({"title": format!("t{round}")});
            site.json("PATCH", "/articles/2/", &body).is(200);
            let headers = format!("last-event-id: {last}\r\n");
            let mut stream = Stream::open(site, "", &headers);
            let (changes, id) = stream.changes(1);
            all.extend(changes);
            last = id;
        }
        assert_eq!(all, polled(site).0);
        let mut stream = Stream::open(site, &format!("?cursor={last}"), "");
        site.delete("/articles/3/").is(204);
        let (changes, _) = stream.changes(1);
        assert!(changes[0].contains("soft_delete"), "{changes:?}");
    }

    /// Thirty streams at the same place get the same, each all of it.
    fn many_streams_are_complete(site) {
        let (_, cursor) = polled(site);
        let heard: Vec<Vec<String>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..30)
                .map(|_| {
                    let cursor = &cursor;
                    scope.spawn(move || Stream::open(site, &format!("?cursor={cursor}"), "").changes(20).0)
                })
                .collect();
            for round in 0..20 {
                let body = json!({"title": format!("t{round}")});
                loop {
                    let reply = site.json("PATCH", "/articles/1/", &body);
                    if reply.status != 503 {
                        reply.is(200);
                        break;
                    }
                }
            }
            threads.into_iter().map(|it| it.join().unwrap()).collect()
        });
        let (all, _) = polled(site);
        for heard in &heard {
            assert_eq!(heard[..], all[all.len() - 20..]);
        }
    }

    fn a_stream_is_refused_and_ended(site) {
        assert_eq!(site.get("/log/changes/events?cursor=x").is(400).fields(), ["cursor"]);
        site.get("/log/changes/events?limit=1").is(400);
        site.send("GET", "/log/changes/events", &[("accept", "application/json")], "").is(406);
        let mut stream = Stream::open(site, "", "");
        stream.changes(1);
        site.shutdown.now();
        while stream.next().is_some() {}
        site.get("/log/changes/events").is(503);
        // Everything else goes on.
        site.get("/articles/").is(200);
    }

    fn what_is_hidden_is_in_no_stream(site, Options::policy(|ask: &Ask<'_>| {
        match ask.object.map(|row| row.key.as_str()) {
            Some("1") => Decision::Hide,
            _ => Decision::Allow,
        }
    })) {
        let (_, cursor) = polled(site);
        let mut stream = Stream::open(site, &format!("?cursor={cursor}"), "");
        site.db.execute("UPDATE articles SET title = 'x' WHERE id = 1");
        site.db.execute("UPDATE articles SET title = 'x' WHERE id = 2");
        let (changes, _) = stream.changes(1);
        assert_eq!(changes.len(), 1);
        assert!(changes[0].contains("\"key\":\"2\""), "{changes:?}");
    }
}
