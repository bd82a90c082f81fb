//! Requests that take too long.

use crate::each_site;
use crate::models::Options;
use crate::site::Site;
use crate::support::Engine;
use diesel::connection::SimpleConnection;
use std::time::Duration;

/// Keeps others from writing, until it is called.
fn hold(site: &Site) -> Box<dyn FnOnce()> {
    #[allow(dead_code)]
    fn held<C: diesel::Connection + SimpleConnection + 'static>(
        site: &Site,
        begin: &str,
    ) -> Box<dyn FnOnce()> {
        let mut conn = site.db.connect::<C>();
        conn.batch_execute(begin).unwrap();
        conn.batch_execute("UPDATE articles SET title = 'held' WHERE id = 1")
            .unwrap();
        Box::new(move || conn.batch_execute("ROLLBACK").unwrap())
    }
    match site.db.engine {
        #[cfg(feature = "sqlite")]
        Engine::Sqlite => held::<diesel::SqliteConnection>(site, "BEGIN IMMEDIATE"),
        #[cfg(feature = "postgres")]
        Engine::Postgres => held::<diesel::PgConnection>(site, "BEGIN"),
        #[cfg(feature = "mysql")]
        Engine::Mysql => held::<diesel::MysqlConnection>(site, "BEGIN"),
        #[allow(unreachable_patterns)]
        _ => unreachable!("its feature is off"),
    }
}

each_site! {
    /// It is told, and the same request with its key is done once, whether the first was or not.
    fn too_late(site, Options { timeout: Some(Duration::from_millis(300)), ..Options::default() }) {
        let release = hold(site);
        let headers = [("content-type", "application/json"), ("idempotency-key", "k")];
        let patch = || site.send("PATCH", "/articles/1/", &headers, r#"{"title": "mine"}"#);
        let late = patch().is(503);
        assert_eq!((late.problem().as_str(), late.header("retry-after")), ("timeout", "1"));
        assert_eq!(site.take_failures(), ["Timeout"]);
        release();
        let done = loop {
            let reply = patch();
            match reply.status {
                409 | 503 => std::thread::sleep(Duration::from_millis(50)),
                _ => break reply.is(200),
            }
        };
        site.take_failures();
        assert_eq!((&done.json()["title"], &done.json()["version"]), (&"mine".into(), &2.into()));
        assert_eq!(site.get("/articles/history/1/").is(200).json().as_array().unwrap().len(), 2);
        // All connections are good for the next ones.
        for _ in 0..8 {
            site.get("/articles/1/").is(200);
        }
    }
}
