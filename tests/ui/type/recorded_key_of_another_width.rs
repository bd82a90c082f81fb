//! A key of 32 bits for a column of 64.

use diesel::SqliteConnection;
use diesel::prelude::*;
use handleref::prelude::*;

diesel::table! {
    articles (id) {
        id -> BigInt,
        title -> Text,
    }
}

#[derive(HandleRef, Recorded)]
struct Article {
    id: i32,
    title: String,
}

fn run(conn: &mut SqliteConnection, mut article: Article) {
    article.save(conn).unwrap();
}

fn main() {}
