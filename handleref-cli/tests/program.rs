//! The program as it is installed, on real databases: it knows no model, and no client in C.

#![cfg(all(feature = "sqlite", feature = "postgres", feature = "mysql"))]
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use diesel::{Queryable, Selectable};
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use diesel_async::{
    AsyncConnection, AsyncMysqlConnection, AsyncPgConnection, SimpleAsyncConnection,
};
use handleref::{HandleRef, Recorded};
use serde_json::Value;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
        version -> BigInt,
        deleted_at -> Nullable<Timestamp>,
    }
}

#[derive(serde::Serialize, Queryable, Selectable, HandleRef, Recorded)]
#[handleref(tag = "art")]
#[allow(dead_code)]
struct Article {
    id: i32,
    title: String,
    version: i64,
    deleted_at: Option<chrono::NaiveDateTime>,
}

/// A name that no other database of this server has.
fn fresh() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let now = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap()
        .as_nanos();
    format!("cli_{now}_{}_{next}", std::process::id())
}

fn server(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("no server is known as {name}: run `cargo xtask test`"))
}

fn wait<T>(operation: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(operation)
}

/// What the program of another made: a table, its history, and what happened.
macro_rules! written {
    ($connection:ty, $url:expr, $text:literal) => {
        wait(async {
            let mut conn = <$connection>::establish($url).await.unwrap();
            let table = concat!(
                "CREATE TABLE articles (id INTEGER PRIMARY KEY, title ",
                $text,
                " NOT NULL)"
            );
            conn.batch_execute(table).await.unwrap();
            handleref::schema![Article]
                .install(&mut conn)
                .await
                .unwrap();
            let ann = handleref::Changeset::by("ann").comment("first draft");
            handleref::in_changeset_async(&mut conn, ann, async |conn| {
                conn.batch_execute("INSERT INTO articles (id, title) VALUES (7, 'Helo')")
                    .await
            })
            .await
            .unwrap();
            conn.batch_execute("UPDATE articles SET title = 'Hello' WHERE id = 7")
                .await
                .unwrap();
        })
    };
}

fn on_sqlite() -> String {
    let path = std::env::temp_dir().join(format!("{}.sqlite", fresh()));
    let url = path.to_str().unwrap().to_owned();
    written!(
        SyncConnectionWrapper<diesel::SqliteConnection>,
        &url,
        "TEXT"
    );
    url
}

fn on_postgres() -> String {
    let (name, server) = (fresh(), server("HANDLEREF_POSTGRES_URL"));
    wait(async {
        let mut conn = AsyncPgConnection::establish(&server).await.unwrap();
        conn.batch_execute(&format!("CREATE SCHEMA {name}"))
            .await
            .unwrap();
    });
    let url = format!("{server}?options=-c%20search_path%3D{name}");
    written!(AsyncPgConnection, &url, "TEXT");
    url
}

fn on_mysql() -> String {
    let (name, server) = (fresh(), server("HANDLEREF_MYSQL_URL"));
    wait(async {
        let mut conn = AsyncMysqlConnection::establish(&server).await.unwrap();
        conn.batch_execute(&format!("CREATE DATABASE {name}"))
            .await
            .unwrap();
    });
    let (server, _) = server.rsplit_once('/').unwrap();
    let url = format!("{server}/{name}");
    written!(AsyncMysqlConnection, &url, "VARCHAR(100)");
    url
}

/// What it prints, and how it ends.
fn handleref(url: &str, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_handleref"));
    let output = command
        .args(arguments)
        .env("DATABASE_URL", url)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn json(url: &str, arguments: &[&str]) -> Value {
    let (_, out, err) = handleref(url, &[arguments, &["--json"]].concat());
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"))
}

fn reads(url: &str) {
    let (code, out, err) = handleref(url, &["log", "art7"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[0].ends_with("v2"), "{out}");
    assert!(
        out.contains("title  Helo → Hello") && out.contains("first draft"),
        "{out}"
    );
    let log = json(url, &["log", "Article", "7"]);
    assert_eq!(log["ok"], true);
    assert_eq!(log["data"]["records"][1]["changeset"]["actor"], "ann");
    let wrong = json(url, &["log", "Article", "seven"]);
    assert_eq!(
        (&wrong["ok"], &wrong["problems"][0]["code"]),
        (&false.into(), &"wrong_object".into())
    );
}

/// Everything that only reads, without a struct.
fn looks(url: &str) {
    for (arguments, records) in [
        (
            &["log", "Article", "7", "--field", "title", "--op", "update"][..],
            1,
        ),
        (&["log", "art7", "--by", "ann"], 1),
        (&["log", "art7", "--by", "nobody"], 0),
        (&["log", "art7", "--since", "1h"], 2),
        (&["log", "art7", "--until", "1h"], 0),
    ] {
        let said = json(url, arguments);
        let found = said["data"]["records"].as_array().map(Vec::len);
        assert_eq!(found, Some(records), "{arguments:?}: {said}");
    }
    let changesets = json(url, &["changesets", "--by", "ann"]);
    let no = changesets["data"]["changesets"][0]["no"].as_i64().unwrap();
    let changeset = json(url, &["changeset", &no.to_string()]);
    assert_eq!(changeset["data"]["changeset"]["actor"], "ann");
    assert!(changeset["data"]["count"].as_i64() > Some(0), "{changeset}");
    let (code, out, err) = handleref(url, &["changes", "--json"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let last: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    let count = last["data"]["count"].as_u64().unwrap();
    assert_eq!(
        count + 1,
        u64::try_from(out.lines().count()).unwrap(),
        "{out}"
    );
    let stats = json(url, &["stats"]);
    assert_eq!(stats["ok"], true, "{stats}");
    let models = stats["data"]["models"].as_array().unwrap();
    let records = models.iter().map(|it| it["records"].as_u64().unwrap());
    assert_eq!(records.sum::<u64>(), count);
}

macro_rules! on_each {
    ($($test:ident: $what:ident;)*) => { $(
        mod $test {
            #[test]
            fn sqlite() {
                super::$what(&super::on_sqlite());
            }
            #[test]
            fn postgres_async() {
                super::$what(&super::on_postgres());
            }
            #[test]
            fn mysql_async() {
                super::$what(&super::on_mysql());
            }
        }
    )* };
}
on_each! {
    reading: reads;
    looking: looks;
}

#[test]
fn a_server_that_is_not_there() {
    let (code, out, err) = handleref(
        "postgres://me:hush@127.0.0.1:1/none",
        &["log", "Article", "7"],
    );
    assert_eq!((code, out.as_str()), (4, ""));
    assert!(err.starts_with("error: ") && !err.contains("hush"), "{err}");
}

#[test]
fn a_database_without_a_history() {
    let path = std::env::temp_dir().join(format!("{}.sqlite", fresh()));
    std::fs::write(&path, "").unwrap();
    let (code, _, err) = handleref(path.to_str().unwrap(), &["log", "Article", "7"]);
    assert_eq!(code, 4);
    assert!(err.contains("is not installed"), "{err}");
}
