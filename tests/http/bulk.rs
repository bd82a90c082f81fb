//! All rows of a filter at once.

use crate::each_site;
use crate::models::Options;
use handleref::http::Switch;
use serde_json::json;

fn open() -> Options {
    Options {
        hard: Switch::new(true),
        content: Switch::new(true),
        ..Options::default()
    }
}

each_site! {
    fn a_filter_narrows_what_is_done(site, open()) {
        assert_eq!(site.delete("/articles/?title=Beta").is(200).json(), json!({"count": 2}));
        assert_eq!(site.get("/articles/").is(200).all("id"), [2]);
        assert_eq!(site.patch("/articles/restore/?id__in=3,4").is(200).json(), json!({"count": 2}));
        assert_eq!(site.get("/articles/").is(200).all("id"), [2, 3, 4]);
        // A misspelt filter does not widen it.
        for wrong in ["titel=Beta", "title__=Beta", "limit=1", "order=title", "id__in=x"] {
            site.delete(&format!("/articles/?{wrong}")).is(400);
            site.patch(&format!("/articles/restore/?{wrong}")).is(400);
        }
        assert_eq!(site.delete("/articles/?permanent=1&id__in=1").is(409).problem(), "reference");
        assert_eq!(site.get("/articles/with-deleted/").is(200).all("id").len(), 4);
    }

    /// Deleted rows as well, and what the database deletes along is counted where it is recorded.
    fn for_good(site, open()) {
        site.db.execute("DELETE FROM comments");
        let purged = site.delete("/articles/?permanent=1").is(200).json();
        assert_eq!(purged, json!({"count": 4, "count_per_model": {"Article": 4}}));
        assert_eq!(site.get("/articles/with-deleted/").is(200).body, "[]");
        let none = site.delete("/articles/?permanent=1").is(200).json();
        assert_eq!(none, json!({"count": 0, "count_per_model": {"Article": 0}}));
    }

    fn a_client_can_say_how_many_it_means(site, open()) {
        let send = |prefer: &str| site.send("DELETE", "/articles/", &[("prefer", prefer)], "");
        send("max-affected=2").is(400);
        send("handling=strict, max-affected=0").is(400);
        send("max-affected=x").is(400);
        assert_eq!(site.get("/articles/").is(200).all("id").len(), 3);
        let done = send("return=minimal, max-affected=3").is(204);
        assert_eq!(done.header("handleref-count"), "3");
        assert_eq!(done.header("preference-applied"), "return=minimal, max-affected=3");
    }

    fn there_is_an_end_to_what_is_done_at_once(site, Options { bulk_limit: 2, ..open() }) {
        site.delete("/articles/").is(400);
        assert_eq!(site.get("/articles/").is(200).all("id").len(), 3);
        site.delete("/articles/?id__gte=2").is(200);
    }

    fn a_filter_can_be_required(site, Options { needs_filter: true, ..open() }) {
        site.delete("/articles/").is(400);
        site.patch("/articles/restore/").is(400);
        site.delete("/articles/?title=Alpha").is(200);
    }

    /// One statement for many keys, and one changeset for all.
    fn many_rows_are_one_changeset(site, Options { bulk_limit: 5000, ..open() }) {
        for chunk in 0..6 {
            let rows = (0..200).map(|at| format!("('m{chunk}_{at}', 'Many')"));
            let rows: Vec<String> = rows.collect();
            site.db.execute(&format!("INSERT INTO articles (slug, title) VALUES {}", rows.join(", ")));
        }
        assert_eq!(site.delete("/articles/?title=Many").is(200).json(), json!({"count": 1200}));
        let last = site.get("/articles/deleted/?order=-id&limit=1").is(200).all("id");
        let history = site.get(&format!("/articles/history/{}/?limit=1", last[0])).is(200).json();
        let first = site.get("/articles/deleted/?order=id&limit=2").is(200).all("id");
        let other = site.get(&format!("/articles/history/{}/?limit=1", first[1])).is(200).json();
        assert!(!history[0]["changeset_no"].is_null());
        assert_eq!(history[0]["changeset_no"], other[0]["changeset_no"]);
        assert_eq!(site.patch("/articles/restore/?title=Many").is(200).json(), json!({"count": 1200}));
    }
}
