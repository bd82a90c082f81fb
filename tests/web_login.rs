//! The example `web_login`: who changes an article is who logged in, whatever
//! else happens at the same time.

#![allow(clippy::unwrap_used, missing_docs)]
// The modules are the example's, which uses more of them than this file.
#![allow(dead_code, unreachable_pub)]

#[path = "../examples/accounts/mod.rs"]
mod accounts;
#[path = "../examples/web_login/app.rs"]
mod app;
#[path = "../examples/web_login/articles.rs"]
mod articles;
#[path = "../examples/web_login/db.rs"]
mod db;
#[path = "../examples/web_login/failure.rs"]
mod failure;
#[path = "../examples/web_login/users.rs"]
mod users;

use app::App;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use tower::ServiceExt;

/// The service on a database of its own, which is removed at the end.
struct Site {
    dir: PathBuf,
    app: App,
    router: Router,
}

impl Drop for Site {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.dir).ok();
    }
}

/// A record and its changeset, as they are stored.
#[derive(Debug, PartialEq, QueryableByName)]
struct Signed {
    #[diesel(sql_type = BigInt)]
    version: i64,
    #[diesel(sql_type = Text)]
    title: String,
    #[diesel(sql_type = Nullable<Text>)]
    actor: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    actor_kind: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    comment: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    correlation_id: Option<String>,
}

impl Site {
    /// Two users, whose passwords are their names backwards, and two articles.
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "handleref-web-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let dir = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&dir).unwrap();
        let app = App::open(&dir.join("database")).unwrap();
        let mut conn = app.pool.get().unwrap();
        db::create(&mut conn).unwrap();
        assert!(users::create(&mut conn, "ann", "nna").unwrap());
        assert!(users::create(&mut conn, "bob", "bob's").unwrap());
        let router = app::router(app.clone());
        Self { dir, app, router }
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, Option<String>, String) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let cookie = response.headers().get(header::SET_COOKIE);
        let cookie = cookie.map(|value| value.to_str().unwrap().to_owned());
        let status = response.status();
        let body = to_bytes(response.into_body(), 100_000).await.unwrap();
        (status, cookie, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn try_login(&self, name: &str, password: &str) -> (StatusCode, Option<String>) {
        let body = json!({"name": name, "password": password});
        let request = Request::post("/login")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()));
        let (status, cookie, _) = self.send(request.unwrap()).await;
        (status, cookie)
    }

    /// Gives what a browser would send as `Cookie`.
    async fn login(&self, name: &str, password: &str) -> String {
        let (status, cookie) = self.try_login(name, password).await;
        assert_eq!(status, StatusCode::OK);
        let cookie = cookie.unwrap();
        assert!(cookie.contains("; HttpOnly; SameSite=Strict;"), "{cookie}");
        let (pair, _) = cookie.split_once(';').unwrap();
        format!("theme=dark; {pair}")
    }

    async fn get(&self, cookie: &str, path: &str) -> (StatusCode, String) {
        let request = Request::get(path).header(header::COOKIE, cookie);
        let (status, _, body) = self.send(request.body(Body::empty()).unwrap()).await;
        (status, body)
    }

    async fn put(
        &self,
        cookie: &str,
        path: &str,
        (id, why): (&str, &str),
        body: Value,
    ) -> (StatusCode, String) {
        let request = Request::put(path)
            .header(header::COOKIE, cookie)
            .header(header::CONTENT_TYPE, "application/json")
            .header("x-request-id", id)
            .header("x-change-comment", why)
            // Who one is cannot be said in a header.
            .header("actor", "1")
            .body(Body::from(body.to_string()));
        let (status, _, body) = self.send(request.unwrap()).await;
        (status, body)
    }

    fn count(&self, table: &str) -> i64 {
        #[derive(QueryableByName)]
        struct Count {
            #[diesel(sql_type = BigInt)]
            n: i64,
        }
        let mut conn = self.app.pool.get().unwrap();
        let query = diesel::sql_query(format!("SELECT count(*) AS n FROM {table}"));
        query.get_result::<Count>(&mut conn).unwrap().n
    }

    /// What is stored of an article's changes, in their order.
    fn signed(&self, id: i32) -> Vec<Signed> {
        let mut conn = self.app.pool.get().unwrap();
        let sql = format!(
            "SELECT r.record_version AS version, r.title, c.actor, c.actor_kind, c.comment, c.correlation_id \
             FROM article_records r JOIN handleref_changesets c ON c.id = r.record_changeset \
             WHERE r.id = {id} ORDER BY r.record_id"
        );
        diesel::sql_query(sql).load(&mut conn).unwrap()
    }
}

fn signed(version: i64, title: &str, actor: (&str, &str), why: &str, id: Option<&str>) -> Signed {
    Signed {
        version,
        title: title.to_owned(),
        actor: Some(actor.0.to_owned()),
        actor_kind: Some(actor.1.to_owned()),
        comment: Some(why.to_owned()),
        correlation_id: id.map(str::to_owned),
    }
}

#[tokio::test]
async fn without_a_login_nothing_is_shown_or_changed() {
    let site = Site::new();
    for (name, password) in [("ann", "bob's"), ("ann", ""), ("eve", "nna"), ("", "")] {
        let refused = (StatusCode::UNAUTHORIZED, None);
        assert_eq!(site.try_login(name, password).await, refused, "{name}");
    }
    let forged = format!("session={:032x}", 7);
    for cookie in ["", "session=", &forged, "session", "=;;="] {
        let (status, _) = site.get(cookie, "/articles/1").await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{cookie}");
        let body = json!({"title": "Hacked", "body": "", "version": 1});
        let (status, _) = site.put(cookie, "/articles/1", ("r", "c"), body).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{cookie}");
    }
    assert_eq!(site.count("handleref_changesets"), 1);

    let ann = site.login("ann", "nna").await;
    let ended = Request::post("/logout").header(header::COOKIE, &ann);
    let (_, cookie, _) = site.send(ended.body(Body::empty()).unwrap()).await;
    assert!(cookie.unwrap().contains("Max-Age=0"));
    let (status, _) = site.get(&ann, "/articles/1").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn edits_are_signed() {
    let site = Site::new();
    let ann = site.login("ann", "nna").await;
    let bob = site.login("bob", "bob's").await;
    assert_ne!(ann, bob);

    let body = json!({"title": "Borrowing", "body": "..", "version": 1});
    let (status, text) = site.put(&ann, "/articles/2", ("r-1", "typo"), body).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    let body = json!({"title": "Über Borrowing", "body": "..", "version": 2});
    let why = "UTF-8''mit%20%C3%9Cber";
    let (status, text) = site.put(&bob, "/articles/2", ("r-2", why), body).await;
    assert_eq!(status, StatusCode::OK, "{text}");

    let (ann_is, bob_is) = (("1", "number"), ("2", "number"));
    let expected = [
        signed(1, "Borowing", ("setup", "text"), "the first articles", None),
        signed(2, "Borrowing", ann_is, "typo", Some("r-1")),
        signed(3, "Über Borrowing", bob_is, "mit Über", Some("r-2")),
    ];
    assert_eq!(site.signed(2), expected);

    let (status, text) = site.get(&bob, "/articles/2/changes").await;
    assert_eq!(status, StatusCode::OK, "{text}");
    let changes: Value = serde_json::from_str(&text).unwrap();
    let pick = |key: &str| -> Vec<&Value> {
        let changes = changes.as_array().unwrap();
        changes.iter().map(|change| &change[key]).collect()
    };
    assert_eq!(pick("who"), ["bob", "ann", "setup"]);
    assert_eq!(pick("why"), ["mit Über", "typo", "the first articles"]);
    assert_eq!(pick("version"), [3, 2, 1]);
    let title = &changes[0]["changes"][0];
    assert_eq!(
        (&title["old"], &title["new"]),
        (&json!("Borrowing"), &json!("Über Borrowing"))
    );
}

#[tokio::test]
async fn articles_of_one_request_are_one_changeset() {
    let site = Site::new();
    let bob = site.login("bob", "bob's").await;
    let body = json!([
        {"id": 1, "title": "One", "body": "1", "version": 1},
        {"id": 2, "title": "Two", "body": "2", "version": 1},
    ]);
    let (status, text) = site.put(&bob, "/articles", ("r", "both"), body).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    assert_eq!(site.count("handleref_changesets"), 2);
    assert_eq!(
        site.signed(1)[1],
        signed(2, "One", ("2", "number"), "both", Some("r"))
    );
    assert_eq!(
        site.signed(2)[1],
        signed(2, "Two", ("2", "number"), "both", Some("r"))
    );
}

#[tokio::test]
async fn an_error_leaves_nothing() {
    let site = Site::new();
    let ann = site.login("ann", "nna").await;
    let before = site.count("article_records");
    let second = |title: &str, id: i32, version: i64| {
        json!([
            {"id": 1, "title": "Written first", "body": "", "version": 1},
            {"id": id, "title": title, "body": "", "version": version},
        ])
    };
    for (body, expected) in [
        (second("Stale", 2, 7), StatusCode::CONFLICT),
        (second("Gone", 9, 1), StatusCode::NOT_FOUND),
        (second(" ", 2, 1), StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let (status, text) = site.put(&ann, "/articles", ("r", "c"), body).await;
        assert_eq!(status, expected, "{text}");
    }
    assert_eq!(site.count("handleref_changesets"), 1);
    assert_eq!(site.count("article_records"), before);
    let (_, text) = site.get(&ann, "/articles/1").await;
    assert!(text.contains("Ownership"), "{text}");
}

/// Nobody changes an article past the changesets.
#[tokio::test]
async fn a_change_without_a_changeset_is_refused() {
    let site = Site::new();
    let mut conn = site.app.pool.get().unwrap();
    let changed = diesel::sql_query("UPDATE articles SET title = 'x'").execute(&mut conn);
    assert!(changed.is_err(), "{changed:?}");
}

/// Both edit at once, each his own article, and say in its title who and when.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_users_at_once_do_not_mix() {
    async fn edit_often(site: &Site, cookie: &str, article: i32, name: &str) {
        for version in 1..=25 {
            let why = format!("{name} {}", version + 1);
            let body = json!({"title": why, "body": "", "version": version});
            let path = format!("/articles/{article}");
            let (status, text) = site.put(cookie, &path, (&why, &why), body).await;
            assert_eq!(status, StatusCode::OK, "{text}");
        }
    }
    let site = Site::new();
    let ann = site.login("ann", "nna").await;
    let bob = site.login("bob", "bob's").await;
    tokio::join!(
        edit_often(&site, &ann, 1, "ann"),
        edit_often(&site, &bob, 2, "bob"),
    );
    for (article, name, actor) in [(1, "ann", "1"), (2, "bob", "2")] {
        let changes = site.signed(article);
        assert_eq!(changes.len(), 26);
        for change in &changes[1..] {
            let why = format!("{name} {}", change.version);
            let expected = signed(change.version, &why, (actor, "number"), &why, Some(&why));
            assert_eq!(change, &expected);
        }
    }
    assert_eq!(site.count("handleref_changesets"), 51);
}

/// Both save the same version: whoever is refused leaves no trace.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn only_the_winner_of_a_race_signs() {
    let site = Site::new();
    let ann = site.login("ann", "nna").await;
    let bob = site.login("bob", "bob's").await;
    for version in 1..=10 {
        // Not what the row says already: that would be no change.
        let edit = |name: &str| json!({"title": format!("{name} {version}"), "body": "", "version": version});
        let ((by_ann, _), (by_bob, _)) = tokio::join!(
            site.put(&ann, "/articles/1", ("a", "a"), edit("ann")),
            site.put(&bob, "/articles/1", ("b", "b"), edit("bob")),
        );
        let (name, actor, id) = match (by_ann, by_bob) {
            (StatusCode::OK, StatusCode::CONFLICT) => ("ann", "1", "a"),
            (StatusCode::CONFLICT, StatusCode::OK) => ("bob", "2", "b"),
            both => unreachable!("{both:?}"),
        };
        let last = site.signed(1).pop().unwrap();
        let title = format!("{name} {version}");
        let expected = signed(version + 1, &title, (actor, "number"), id, Some(id));
        assert_eq!(last, expected);
    }
    assert_eq!(site.count("handleref_changesets"), 11);
}
