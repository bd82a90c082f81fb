//! A function of something else.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
#[recorded(property(words: Nullable<Integer>, with = count_words))]
struct Article {
    id: i32,
    title: String,
}

fn count_words(title: &str) -> i32 {
    title.len() as i32
}

fn main() {}
