//! An empty text in Rust instead of one in SQL.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
struct Article {
    id: i32,
    #[recorded(skip = "")]
    title: String,
}

fn main() {}
