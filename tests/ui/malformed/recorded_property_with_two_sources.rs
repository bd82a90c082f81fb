//! A property that is computed twice.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
#[recorded(property(words: Integer, sql = "length(title)", with = count_words))]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
