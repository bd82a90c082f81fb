//! A computed property that other writes leave null.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
#[recorded(property(words: Integer, with = Article::count_words))]
struct Article {
    id: i32,
    title: String,
}

impl Article {
    fn count_words(&self) -> i32 {
        1
    }
}

fn main() {}
