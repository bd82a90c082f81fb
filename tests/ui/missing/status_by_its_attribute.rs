//! A field called `status` says nothing about deletion by itself.

use diesel::SqliteConnection;
use handleref::prelude::*;

diesel::table! {
    articles (id) {
        id -> Integer,
        status -> Text,
    }
}

#[derive(HandleRef)]
struct Article {
    id: i32,
    status: String,
}

fn run(conn: &mut SqliteConnection, mut article: Article) {
    article.delete(conn).unwrap();
}

fn main() {}
