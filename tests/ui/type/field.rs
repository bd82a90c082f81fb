//! A field that cannot be stored.

use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

use diesel::SqliteConnection;
use handleref::RowDsl;

#[derive(HandleRef)]
struct Article {
    id: i32,
    title: Title,
}

#[derive(Debug)]
struct Title(String);

fn save(article: &mut Article, conn: &mut SqliteConnection) {
    let _ = article.save(conn);
}

fn main() {}
