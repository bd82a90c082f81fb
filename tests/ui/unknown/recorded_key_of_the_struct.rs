//! A misspelt key.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
#[recorded(tablename = "past")]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
