//! A misspelt key.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
#[recorded(property(words: Integer, from = "length(title)"))]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
