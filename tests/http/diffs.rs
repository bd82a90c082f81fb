//! The feed over HTTP.

use crate::client::Reply;
use crate::each_site;
use crate::models::Options;
use axum::http::request::Parts;
use handleref::http::{Ask, Decision, Policy};
use serde_json::{Value, json};

/// What was told: operation, row, and what is said of it.
fn told(reply: &Reply) -> Vec<(String, Value, Value)> {
    let document = reply.json();
    let diffs = document["diffs"].as_array().unwrap().iter();
    let one = |diff: &Value| {
        let object = format!("{} {}", diff["object"]["model"], diff["object"]["key"]);
        let object = object.replace('"', "");
        (
            object,
            diff["operation"].clone(),
            diff["data"]["fields"].clone(),
        )
    };
    diffs.map(one).collect()
}

/// Comments are nobody's business; titles are secret, and so are articles called `Hidden`.
struct Closed;

impl Policy for Closed {
    fn decide(&self, ask: &Ask<'_>) -> Decision {
        let hidden = ask
            .object
            .is_some_and(|row| row.values.get("title") == Some(&json!("Hidden")));
        match hidden || (ask.model.name() == "Comment" && ask.object.is_some()) {
            true => Decision::Hide,
            false => Decision::Allow,
        }
    }
    fn hidden(&self, _: &Parts) -> Vec<String> {
        vec!["secret".to_owned()]
    }
}

each_site! {
    fn what_became_of_rows(site) {
        let start = site.get("/log/diffs/").is(200).json();
        let cursor = start["cursor"].as_str().unwrap();
        site.json("PATCH", "/articles/1/", &json!({"title": "x"})).is(200);
        site.json("POST", "/comments/", &json!({"article_id": 2, "body": "b"})).is(201);
        site.json("POST", "/api/tags/", &json!({"name": "t", "weight": 1})).is(201);
        site.delete("/comments/3/").is(204);
        let path = |more: &str| format!("/log/diffs/?cursor={cursor}{more}");
        let all = site.get(&path("")).is(200);
        let fields = json!({"article_id": 2, "body": "b", "deleted_at": null});
        let found = told(&all);
        let listed: Vec<_> = found.iter().map(|(object, operation, _)| (object.as_str(), operation.clone())).collect();
        assert_eq!(listed, [
            ("Article 1", json!("update")), ("Comment 3", json!("insert")), ("Comment 3", json!("soft_delete")),
        ]);
        assert_eq!(found[0].2, json!({"title": "x"}));
        for (name, value) in [("article_id", json!(2)), ("body", json!("b"))] {
            assert_eq!(found[1].2[name], value, "{fields}");
        }
        assert_eq!(all.json()["diffs"][1]["under"], json!({"model": "Article", "key": "2"}));
        // Under one object, and page by page.
        let under = |more: &str| told(&site.get(&path(more)).is(200)).len();
        assert_eq!((under("&model=Article&key=2"), under("&model=Article&key=1"), under("&model=Article"), under("&model=Comment")), (2, 1, 3, 0));
        let (mut pages, mut next) = (Vec::new(), cursor.to_owned());
        loop {
            let page = site.get(&format!("/log/diffs/?limit=1&cursor={next}")).is(200);
            pages.extend(told(&page));
            next = page.json()["cursor"].as_str().unwrap().to_owned();
            if page.json()["more"] != true {
                break;
            }
        }
        assert_eq!(pages, found);
        for (wrong, field) in [
            ("&model=Tag", "model"), ("&model=x", "model"), ("&model=Article&key=x", "key"), ("&key=1", "key"), ("&limit=0", "limit"),
            ("&since=1", "since"),
        ] {
            assert_eq!(site.get(&path(wrong)).is(400).fields(), [field], "{wrong}");
        }
        // The cursor of changes is of more models.
        let other = site.get("/log/changes/").is(200).json()["cursor"].as_str().unwrap().to_owned();
        site.get(&format!("/log/diffs/?cursor={other}")).is(400);
        site.send("POST", "/log/diffs/", &[], "").is(405);
    }

    fn what_may_not_be_seen_is_not_told(site, Options::policy(Closed)) {
        let before = site.get("/log/diffs/").is(200);
        assert!(told(&before).iter().all(|(object, ..)| object.starts_with("Article")));
        assert!(!before.body.contains("secret") && !before.body.contains("\"s1\""), "{before:?}");
        let cursor = before.json()["cursor"].as_str().unwrap().to_owned();
        let new = |slug: &str, title: &str| json!({"slug": slug, "title": title, "secret": "s"});
        site.json("POST", "/articles/", &new("n", "Shown")).is(201);
        site.json("POST", "/articles/", &new("m", "Hidden"));
        site.json("PATCH", "/articles/1/", &json!({"note": "n"})).is(200);
        let after = site.get(&format!("/log/diffs/?cursor={cursor}")).is(200);
        let objects: Vec<String> = told(&after).into_iter().map(|(object, ..)| object).collect();
        assert_eq!(objects, ["Article 5", "Article 1"]);
        assert!(!after.body.contains("secret"), "{after:?}");
    }
}
