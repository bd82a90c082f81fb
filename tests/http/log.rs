//! What changed in all resources, changesets, and their undo.

use crate::client::Client;
use crate::each_site;
use crate::models::Options;
use handleref::http::{Action, Ask, Decision, SingleRows};
use serde_json::{Value, json};

/// Everything behind a cursor, and the next one.
fn rest(site: &Client, cursor: &str, limit: usize) -> (Vec<Value>, String) {
    let (mut all, mut cursor) = (Vec::new(), cursor.to_owned());
    loop {
        let parameter = if cursor.is_empty() {
            String::new()
        } else {
            format!("&cursor={cursor}")
        };
        let batch = site
            .get(&format!("/log/changes/?limit={limit}{parameter}"))
            .is(200)
            .json();
        all.extend(batch["changes"].as_array().unwrap().iter().cloned());
        cursor = batch["cursor"].as_str().unwrap().to_owned();
        if batch["more"] == false {
            return (all, cursor);
        }
    }
}

fn names(changes: &[Value]) -> Vec<String> {
    let name = |it: &Value| {
        let text = |name: &str| it[name].as_str().unwrap().to_owned();
        format!(
            "{} {} {} {}",
            text("operation"),
            text("model"),
            text("key"),
            it["version"]
        )
    };
    changes.iter().map(name).collect()
}

each_site! {
    /// Each change once, whatever the pages are.
    fn changes_come_once(site) {
        let (before, cursor) = rest(site, "", 1000);
        assert_eq!(names(&before)[..2], ["insert Article 1 1", "insert Article 2 1"]);
        assert_eq!(rest(site, &cursor, 10).0.len(), 0);
        site.json("PATCH", "/articles/1/", &json!({"title": "Two"})).is(200);
        site.delete("/articles/1/").is(204);
        site.delete("/articles/2/?permanent=1").is(204);
        let (new, last) = rest(site, &cursor, 1);
        let mut found = names(&new);
        found[1..4].sort();
        assert_eq!(found, [
            "update Article 1 2", "soft_delete Article 1 3", "soft_delete Comment 1 2", "soft_delete Comment 2 2", "delete Article 2 2",
        ]);
        let removed: Vec<&Value> = new.iter().map(|it| &it["removed"]).collect();
        assert_eq!((removed[0], removed[1], removed[4]), (&json!(null), &json!("changed"), &json!("deleted")));
        assert_eq!(new[0]["row"]["title"], "Two");
        assert_eq!(rest(site, "", 3).0, rest(site, "", 1000).0);
        assert_eq!(rest(site, &last, 1).0.len(), 0);
    }

    fn a_cursor_that_is_no_use_is_told(site) {
        for wrong in ["x", "%00", "0", "h1."] {
            site.get(&format!("/log/changes/?cursor={wrong}")).is(400);
        }
        for wrong in ["limit=0", "limit=10001", "limit=x", "since=1", "cursor=a&cursor=b"] {
            site.get(&format!("/log/changes/?{wrong}")).is(400);
        }
        let (_, cursor) = rest(site, "", 2);
        let refused = site.send("TRACE", "/log/changes/", &[], "").is(405);
        assert_eq!(refused.header("allow"), "GET, HEAD, OPTIONS");
        // The same cursor in another database.
        let gone = site.get(&format!("/log/changes/?cursor={cursor}")).is(200).json();
        assert_eq!(gone["more"], false);
    }

    fn changesets_are_found_and_undone(site) {
        let ann = [("content-type", "application/json"), ("x-user", "ann"), ("x-comment", "tidy up"), ("x-request-id", "r7")];
        site.send("PATCH", "/articles/1/", &ann, r#"{"title": "Two", "note": "n"}"#).is(200);
        site.send("DELETE", "/articles/1/", &[("x-user", "bob")], "").is(204);
        site.send("PATCH", "/articles/1/restore/", &[("x-user", "bob")], "").is(200);
        let all = site.get("/log/changesets/").is(200);
        assert_eq!(all.all("actor"), ["bob", "bob", "ann"]);
        let one = site.get("/log/changesets/?limit=1").is(200);
        let next = site.get(&format!("/log/changesets/{}", one.next().unwrap())).is(200);
        assert_eq!(next.all("actor"), ["bob"]);
        let of_bob = site.get("/log/changesets/?by=bob&limit=1").is(200);
        let next = site.get(&format!("/log/changesets/{}", of_bob.next().unwrap())).is(200);
        assert_eq!((next.all("actor"), next.next()), (vec![json!("bob")], None));
        let head = site.send("HEAD", "/log/changesets/", &[], "").is(200);
        assert_eq!(head.header("content-length"), all.body.len().to_string());
        let found = site.get("/log/changesets/?by=ann&correlation=r7").is(200).json();
        assert_eq!((&found[0]["comment"], found.as_array().unwrap().len()), (&json!("tidy up"), 1));
        let no = found[0]["no"].as_i64().unwrap();

        let one = site.get(&format!("/log/changesets/{no}/")).is(200).json();
        let fields: Vec<&Value> = one["changes"][0]["values"].as_array().unwrap().iter().map(|it| &it["field"]).collect();
        assert_eq!(fields, ["title", "note"]);
        let path = format!("/log/changesets/{no}/undo/");
        let plan = site.get(&path).is(200);
        assert_eq!((&plan.json()["possible"], &plan.json()["steps"][0]["action"]), (&json!(true), &json!("update")));
        assert_eq!(site.get("/articles/1/").is(200).json()["title"], "Two");
        site.send("POST", &path, &[], "").is(428);
        site.send("POST", &path, &[("if-match", "\"p0\"")], "").is(412);
        site.send("POST", &path, &[("if-match", "*")], "").is(412);
        let undone = site.send("POST", &path, &[("if-match", plan.header("etag")), ("x-user", "eve")], "").is(200).json();
        let row = site.get("/articles/1/").is(200).json();
        assert_eq!((&row["title"], &row["note"]), (&json!("Beta"), &json!(null)));
        let undo = site.get(&format!("/log/changesets/{}/", undone["changeset"])).is(200).json();
        assert_eq!((&undo["undoes"], &undo["actor"]), (&json!(no), &json!("eve")));
        for nothing in ["999999", "x", "-1", "99999999999999999999"] {
            site.get(&format!("/log/changesets/{nothing}/")).is(404);
            site.get(&format!("/log/changesets/{nothing}/undo/")).is(404);
        }
    }

    /// What was changed since is not overwritten.
    fn what_stands_in_the_way_is_told(site) {
        site.json("PATCH", "/articles/1/", &json!({"title": "Two"})).is(200);
        let no = site.get("/log/changesets/").is(200).all("no")[0].clone();
        let path = format!("/log/changesets/{no}/undo/");
        let plan = site.get(&path).is(200);
        site.json("PATCH", "/articles/1/", &json!({"title": "Three"})).is(200);
        site.send("POST", &path, &[("if-match", plan.header("etag"))], "").is(412);
        let plan = site.get(&path).is(200);
        assert_eq!(plan.json()["possible"], false);
        let refused = site.send("POST", &path, &[("if-match", plan.header("etag"))], "").is(409);
        assert_eq!(refused.problem(), "not-undone");
        assert!(refused.json()["conflicts"].as_array().unwrap().len() == 1, "{refused:?}");
        assert_eq!(site.get("/articles/1/").is(200).json()["title"], "Three");
    }

    fn an_undo_needs_to_be_allowed(site, Options::policy(SingleRows)) {
        site.json("PATCH", "/articles/1/", &json!({"title": "Two"})).is(200);
        let no = site.get("/log/changesets/").is(200).all("no")[0].clone();
        site.get(&format!("/log/changesets/{no}/")).is(200);
        site.get(&format!("/log/changesets/{no}/undo/")).is(403);
        site.send("POST", &format!("/log/changesets/{no}/undo/"), &[("if-match", "*")], "").is(403);
        assert_eq!(site.get("/articles/1/").is(200).json()["title"], "Two");
    }

    /// A row that may not be seen is in nothing that comes out.
    fn changes_of_hidden_rows_do_not_come_out(site, Options::policy(|ask: &Ask<'_>| {
        match ask.object.map(|row| row.key.as_str()) {
            Some("1") => Decision::Hide,
            _ if ask.action == Action::Changesets => Decision::Allow,
            _ => Decision::Allow,
        }
    })) {
        site.db.execute("UPDATE articles SET title = 'x' WHERE id IN (1, 2)");
        let (changes, _) = rest(site, "", 1);
        let names = names(&changes);
        assert!(names.contains(&"update Article 2 2".to_owned()), "{names:?}");
        assert!(!names.iter().any(|it| it.contains("Article 1 ")), "{names:?}");
    }
}
