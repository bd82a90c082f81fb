//! The past of a struct that is not recorded.

use diesel::SqliteConnection;
use handleref::PastDsl;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

struct Article {
    id: i32,
}

fn diff(article: &Article, conn: &mut SqliteConnection) {
    let _ = article.diff(conn, 1, 2);
}

fn main() {}
