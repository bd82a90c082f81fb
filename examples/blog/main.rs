//! A blog: articles and comments with everything that HTTP can do with them, for people who log
//! in, over asynchronous connections to SQLite or PostgreSQL.
//!
//! `cargo run --example blog --features axum,deadpool,openapi,postgres [-- --serve ADDRESS --database URL]`
//!
//! Without `--database` it takes `DATABASE_URL`, and without that a file of SQLite among the
//! temporary files. It listens on the loopback interface, and prints what to try. Everything but
//! `/login`, `/logout` and `/openapi.json` is for those who have logged in: the token that
//! `POST /login` answers is sent as `Authorization: Bearer`, or as the cookie in which it comes, too.
//!
//! `models`, `policy` and `server` are what such a blog has to say; `database` opens a pool and
//! makes tables, and `../accounts` has passwords and sessions.

// `diesel::table!` writes public items without documentation.
#![allow(missing_docs, unreachable_pub)]
// `database` and `server` are compiled for two types of connections; most programs have one.
#![allow(clippy::duplicate_mod)]

#[path = "../accounts/mod.rs"]
mod accounts;
#[path = "../accounts/document.rs"]
mod document;
mod models;
mod policy;
mod postgres;
mod sqlite;

use accounts::sessions::random_token;
use handleref::http::Shutdown;
use std::error::Error;
use tokio::net::TcpListener;

/// The routes over a database of one engine, with those who may use them.
macro_rules! router {
    ($engine:ident, $url:expr, $shutdown:expr) => {{
        let database = $engine::database::Database::open($url).await?;
        for (name, role) in [("rob", "reader"), ("ann", "author"), ("eve", "editor")] {
            let password = random_token()?;
            if database.add_user(name, role, &password).await? {
                println!("New {role} {name}, password {password}");
            } else {
                println!("The {role} {name}, with the password that was printed first");
            }
        }
        $engine::server::router(database, $shutdown)?
    }};
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut address = "127.0.0.1:3000".to_owned();
    let mut database = std::env::var("DATABASE_URL").ok();
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        match (name.as_str(), arguments.next()) {
            ("--serve", Some(value)) => address = value,
            ("--database", Some(value)) => database = Some(value),
            _ => return Err("usage: blog [--serve ADDRESS] [--database URL]".into()),
        }
    }
    let file = std::env::temp_dir().join("handleref_blog.sqlite");
    let database = database.unwrap_or_else(|| file.display().to_string());
    let shutdown = Shutdown::new();
    let router = if database.starts_with("postgres") {
        println!("A database of PostgreSQL");
        router!(postgres, &database, &shutdown)
    } else {
        println!("The database {database}");
        router!(sqlite, &database, &shutdown)
    };
    let listener = TcpListener::bind(address).await?;
    let at = format!("http://{}", listener.local_addr()?);
    println!("Serving {at}, described by {at}/openapi.json");
    println!("{}", HELP.replace("ADDRESS", &at));
    let stopped = async move {
        if tokio::signal::ctrl_c().await.is_err() {
            // It cannot be told to stop, and goes on.
            std::future::pending::<()>().await;
        }
        // Streams of changes would never end.
        shutdown.now();
    };
    let server = axum::serve(listener, router);
    server.with_graceful_shutdown(stopped).await?;
    Ok(())
}

const HELP: &str = r#"
Try:
  json='content-type: application/json'; at=ADDRESS
  token=$(curl -s -H "$json" -d '{"name": "eve", "password": ".."}' $at/login | cut -d '"' -f 4)
  auth="authorization: Bearer $token"
  curl -i -H "$auth" -H "$json" -d '{"slug": "hello", "title": "Helo"}' $at/articles/
  curl -i -H "$auth" -H "$json" -H 'if-match: "v1"' -H 'x-change-comment: typo' \
       -X PATCH -d '{"title": "Hello"}' $at/articles/1/
  curl -H "$auth" $at/articles/history/1/
  curl -N -H "$auth" $at/log/changes/events"#;
