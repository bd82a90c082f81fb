//! Rows that cannot be loaded.

use diesel::SqliteConnection;
use handleref::{PastDsl, Recorded};

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
struct Article {
    id: i32,
    title: String,
}

fn diff(article: &Article, conn: &mut SqliteConnection) {
    let _ = article.diff(conn, 1, 2);
}

fn main() {}
