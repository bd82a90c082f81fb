//! A web service with a login, in which every change of an article is signed:
//! who, why and by which request.
//!
//! `cargo run --example web_login --features axum [-- DATABASE]`
//!
//! It listens on the loopback interface only, and prints what to try.

// `diesel::table!` writes public items without documentation.
#![allow(missing_docs, unreachable_pub)]

#[path = "../accounts/mod.rs"]
mod accounts;
mod app;
mod articles;
mod db;
mod failure;
mod users;

use accounts::sessions::random_token;
use app::App;
use std::error::Error;
use std::net::Ipv4Addr;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let database = std::env::args_os().nth(1).map_or_else(
        || std::env::temp_dir().join("handleref_web_login.sqlite"),
        Into::into,
    );
    let app = App::open(&database)?;
    println!("Database: {}", database.display());
    let mut conn = app.pool.get()?;
    db::create(&mut conn)?;
    for name in ["ann", "bob"] {
        let password = random_token()?;
        if users::create(&mut conn, name, &password)? {
            println!("New user {name}, password {password}");
        } else {
            println!("User {name}, with the password that was printed first");
        }
    }
    drop(conn);

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 3000)).await?;
    println!("{HELP}");
    axum::serve(listener, app::router(app)).await?;
    Ok(())
}

const HELP: &str = r#"
Try:
  json='content-type: application/json'; at=http://127.0.0.1:3000
  curl -i -c jar -H "$json" -d '{"name": "ann", "password": ".."}' $at/login
  curl -b jar $at/articles/1
  curl -i -b jar -H "$json" -H 'x-change-comment: typo' -H 'x-request-id: r-1' -X PUT \
       -d '{"title": "Hello", "body": "World", "version": 1}' $at/articles/1
  curl -b jar $at/articles/1/changes"#;
