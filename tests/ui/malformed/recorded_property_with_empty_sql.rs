//! A property whose SQL is empty.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
#[recorded(property(words: Integer, sql = ""))]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
