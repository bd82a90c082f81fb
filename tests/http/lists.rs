//! Filters, orders, pages and parts.

use crate::client::Client;
use crate::each_site;
use serde_json::{Value, json};

/// All pages of a list, and how many there were.
fn pages(site: &Client, path: &str, query: &str, name: &str) -> (Vec<Value>, usize) {
    let (mut all, mut count, mut query) = (Vec::new(), 0, query.to_owned());
    loop {
        let page = site.get(&format!("{path}{query}")).is(200);
        all.extend(page.all(name));
        count += 1;
        match page.next() {
            Some(next) => query = next,
            None => return (all, count),
        }
    }
}

each_site! {
    fn filters_narrow(site) {
        let ids = |query: &str| site.get(&format!("/articles/with-deleted/?{query}")).is(200).all("id");
        assert_eq!(ids("title=Beta"), [1, 3]);
        assert_eq!(ids("title=Beta&title=Alpha"), [1, 2, 3]);
        assert_eq!(ids("title=Beta&id__gte=2"), [3]);
        assert_eq!(ids("id__in=2,4"), [2, 4]);
        assert_eq!(ids("title__contains=%6C"), [2]);
        assert_eq!(ids("title="), Vec::<Value>::new());
        assert_eq!(ids("title=%27%20OR%201=1%20--"), Vec::<Value>::new());
        for wrong in ["id__in=", "id__in=1,x", "id__gte=1.5", "id__gte=99999999999", "titel=x", "title__gt=x", "page=2"] {
            let refused = site.get(&format!("/articles/?{wrong}")).is(400);
            let name = wrong.split('=').next().unwrap();
            assert_eq!(refused.fields(), [name]);
        }
    }

    /// Ties and nulls lose and repeat nothing.
    fn pages_are_complete_in_every_order(site) {
        for at in 10..33 {
            let note = ["x", "y", "z"].get(at % 4);
            let new = json!({"slug": format!("s{at}"), "title": format!("t{}", at % 3), "note": note});
            site.json("POST", "/articles/", &new).is(201);
        }
        let (mut all, _) = pages(site, "/articles/", "", "id");
        assert_eq!(all.len(), 26);
        all.sort_by_key(Value::as_i64);
        for order in ["", "title", "-title", "note", "-note", "note,-title", "-note,title,-id", "-id"] {
            let query = format!("?limit=4&order={order}");
            let (mut ids, count) = pages(site, "/articles/", &query, "id");
            assert_eq!((ids.len(), count), (26, 7), "{order}");
            // One page says the same order as many.
            let (once, _) = pages(site, "/articles/", &format!("?limit=200&order={order}"), "id");
            assert_eq!(ids, once, "{order}");
            ids.sort_by_key(Value::as_i64);
            assert_eq!(ids, all, "{order}");
        }
        let (notes, _) = pages(site, "/articles/", "?limit=5&order=-note", "note");
        let nulls = notes.iter().skip_while(|it| !it.is_null());
        assert!(notes[0] == "z" && nulls.clone().count() > 1 && nulls.clone().all(Value::is_null), "{notes:?}");
        site.get("/articles/?limit=0").is(400);
        site.get("/articles/?limit=201").is(400);
        site.get("/articles/?limit=4&limit=5").is(400);
        assert_eq!(site.get("/articles/?order=secrets").is(400).fields(), ["secrets"]);
    }

    /// What is deleted or changed between two pages takes nothing else away.
    fn rows_may_go_between_pages(site) {
        let first = site.get("/articles/?limit=1&order=-title").is(200);
        assert_eq!(first.all("id"), [1]);
        site.delete("/articles/1/").is(204);
        let next = first.next().unwrap();
        let second = site.get(&format!("/articles/{next}")).is(200);
        assert_eq!(second.all("id"), [3]);
        site.db.execute("DELETE FROM comments WHERE article_id = 3; DELETE FROM articles WHERE id = 3");
        let next = second.next().unwrap();
        let third = site.get(&format!("/articles/{next}")).is(200);
        assert_eq!((third.all("id"), third.next()), (vec![json!(2)], None));
    }

    fn a_cursor_is_of_one_list(site) {
        let next = site.get("/articles/?limit=1&order=title").is(200).next().unwrap();
        let cursor = next.split("cursor=").nth(1).unwrap();
        site.get(&format!("/articles/?limit=2&order=title&cursor={cursor}")).is(200);
        let half = &cursor[..cursor.len() / 2];
        let last = if cursor.ends_with('0') { "1" } else { "0" };
        let other = format!("{}{last}", &cursor[..cursor.len() - 1]);
        for wrong in [
            format!("/articles/?order=-title&cursor={cursor}"),
            format!("/articles/?cursor={cursor}"),
            format!("/articles/?order=title&title=Beta&cursor={cursor}"),
            format!("/articles/with-deleted/?order=title&cursor={cursor}"),
            format!("/articles/?order=title&cursor={half}"),
            format!("/articles/?order=title&cursor={other}"),
            "/articles/?cursor=".to_owned(),
            "/articles/?cursor=%F0%9F%A6%80".to_owned(),
            "/articles/?cursor=zz".to_owned(),
        ] {
            assert_eq!(site.get(&wrong).is(400).fields(), ["cursor"], "{wrong}");
        }
    }

    /// Of all pages, and only if it is asked for.
    fn rows_are_counted_on_demand(site) {
        let count = |path: &str| {
            let reply = site.send("GET", path, &[("prefer", "count=exact")], "").is(200);
            assert_eq!(reply.header("preference-applied"), "count=exact");
            reply.header("handleref-count").to_owned()
        };
        assert_eq!(site.get("/articles/?limit=1").is(200).header("handleref-count"), "");
        for (path, expected) in [
            ("/articles/", "3"), ("/articles/?limit=1", "3"), ("/articles/?title=Beta&limit=1", "2"), ("/articles/deleted/", "1"),
            ("/articles/with-deleted/", "4"), ("/articles/?title=x", "0"), ("/articles/?since=v1", "0"), ("/api/tags/", "0"),
        ] {
            assert_eq!(count(path), expected, "{path}");
        }
        let next = site.get("/articles/?limit=2").is(200).next().unwrap();
        assert_eq!(count(&format!("/articles/{next}")), "3");
        let before = chrono::Utc::now().format("%FT%T%.6fZ");
        site.delete("/articles/1/").is(204);
        assert_eq!(count("/articles/"), "2");
        assert_eq!(count(&format!("/articles/?as_of={before}")), "3");
    }

    fn times_have_their_zone(site) {
        let row = site.get("/articles/deleted/4/").is(200).json();
        for name in ["created_at", "updated_at", "deleted_at"] {
            let time = row[name].as_str().unwrap();
            assert!(chrono::DateTime::parse_from_rfc3339(time).is_ok() && time.ends_with('Z'), "{time}");
        }
        let history = site.get("/articles/history/4/?limit=1").is(200).json();
        assert_eq!(history[0]["values"]["deleted_at"], row["deleted_at"]);
    }

    fn a_part_of_the_fields(site) {
        let part = site.get("/articles/1/?fields=title,id").is(200);
        assert_eq!(part.json(), json!({"title": "Beta", "id": 1}));
        assert_eq!(site.get("/articles/1/?fields=title,id,title").is(200).json(), part.json());
        let list = site.get("/articles/?fields=title").is(200).json();
        assert_eq!(list[0], json!({"title": "Beta"}));
        for wrong in ["x", "", "title,,id", "title,titel"] {
            site.get(&format!("/articles/1/?fields={wrong}")).is(400);
            site.get(&format!("/articles/?fields={wrong}")).is(400);
        }
    }

    fn since_and_until(site) {
        let ids = |query: &str| site.get(&format!("/articles/with-deleted/?{query}")).is(200).all("id");
        site.json("PATCH", "/articles/2/", &json!({"title": "x"})).is(200);
        assert_eq!(ids("since=v1"), [2, 4]);
        assert_eq!(ids("until=v1"), [1, 3]);
        assert_eq!(ids("since=1"), [1, 2, 3, 4]);
        assert_eq!(ids("until=2001-01-01T00:00:00Z"), Vec::<Value>::new());
        assert_eq!(ids("since=2001-01-01T00:00:00%2B02:00"), [1, 2, 3, 4]);
        assert_eq!(ids("since=99999999999"), Vec::<Value>::new());
        // What no engine stores was before or comes after everything.
        for early in ["0000-01-01T10:00:00Z", "-99999999999", "0001-01-01T00:00:00%2B14:00"] {
            assert_eq!(ids(&format!("since={early}")), [1, 2, 3, 4], "{early}");
            assert_eq!(ids(&format!("until={early}")), Vec::<Value>::new(), "{early}");
            site.get(&format!("/articles/?as_of={early}")).is(410);
        }
        for late in ["9999-12-31T23:59:59-01:00", "999999999999"] {
            assert_eq!(ids(&format!("until={late}")), [1, 2, 3, 4], "{late}");
            site.get(&format!("/articles/?as_of={late}")).is(400);
        }
        for wrong in ["since=", "since=yesterday", "since=v", "since=2001-01-01", "since=NaN", "since=inf"] {
            assert_eq!(site.get(&format!("/articles/?{wrong}")).is(400).fields(), ["since"]);
        }
        // This one has neither a version nor times.
        site.get("/api/tags/?since=1").is(400);
    }
}
