//! What changed, its undo, the document and the end of the server.

use crate::each_site;
use crate::site::{postgres, sqlite};
use serde_json::{Value, json};

each_site! {
    fn an_editor_undoes_what_was_done_at_once(site) {
        let (ann, rob, eve) = (site.as_user("ann"), site.as_user("rob"), site.as_user("eve"));
        let path = ann.article("one");
        let comment = rob.comment(1, "nice");
        ann.delete(&path).is(204);
        let done = eve.get("/log/changesets/?by=2&limit=1").is(200).json();
        let no = &done[0]["no"];
        let changeset = eve.get(&format!("/log/changesets/{no}/")).is(200).json();
        assert_eq!((&changeset["actor"], changeset["changes"].as_array().unwrap().len()), (&json!(2), 2));

        let undo = format!("/log/changesets/{no}/undo/");
        let plan = eve.get(&undo).is(200);
        let tag = plan.header("etag").to_owned();
        eve.send("POST", &undo, &[], "").is(428);
        ann.send("POST", &undo, &[("if-match", &tag)], "").is(403);
        rob.get(&path).is(404);
        eve.send("POST", &undo, &[("if-match", "\"another\"")], "").is(412);
        eve.send("POST", &undo, &[("if-match", &tag)], "").is(200);
        rob.get(&path).is(200);
        rob.get(&comment).is(200);
    }

    /// Whoever is cut off goes on where he was, and misses nothing.
    fn a_stream_of_changes_goes_on(site) {
        let (ann, eve) = (site.as_user("ann"), site.as_user("eve"));
        let (path, _) = (ann.article("one"), ann.article("two"));
        let mut stream = eve.stream("");
        let (mut heard, last) = stream.changes(2);
        drop(stream);
        ann.json("PATCH", &path, &json!({ "title": "Changed" })).is(200);
        let mut stream = eve.stream(&last);
        let (more, _) = stream.changes(1);
        assert_eq!(more.len(), 1);
        heard.extend(more);
        ann.delete(&path).is(204);
        heard.extend(stream.changes(1).0);
        let polled = eve.get("/log/changes/").is(200).json();
        let polled: Vec<String> = polled["changes"].as_array().unwrap().iter().map(Value::to_string).collect();
        assert_eq!((heard.len(), heard), (4, polled));
    }

    fn the_document_has_what_there_is(site) {
        let eve = site.as_user("eve");
        let document = site.client.get("/openapi.json").is(200).json();
        let paths = document["paths"].as_object().unwrap();
        // Users have no soft delete.
        assert_eq!(paths.len(), 14 + 14 + 8 + 5);
        for (path, item) in paths {
            let real = path.replace("{key}", "1").replace("{version}", "1").replace("{no}", "1");
            let allow = eve.send("OPTIONS", &real, &[], "").is(204);
            let allow = allow.header("allow").to_lowercase();
            let allowed: Vec<&str> = allow.split(", ").filter(|it| !["head", "options"].contains(it)).collect();
            let named = item.as_object().unwrap();
            assert_eq!(named.len(), allowed.len(), "{path}");
            assert!(allowed.iter().all(|method| named.contains_key(*method)), "{path}");
        }
        assert_eq!(document["security"], json!([{ "token": [] }]));
        assert_eq!(document["components"]["securitySchemes"]["token"]["scheme"], "bearer");
        let user = &document["components"]["schemas"]["User"]["properties"];
        assert!(user["name"].is_object() && user["password_hash"].is_null(), "{user}");
    }
}

/// A stream that is open does not keep the server from ending.
#[test]
fn the_server_stops() {
    for mut site in [sqlite(), postgres()] {
        let eve = site.as_user("eve");
        eve.article("one");
        let mut stream = eve.stream("");
        stream.changes(1);
        site.stop();
        while stream.next().is_some() {}
    }
}
