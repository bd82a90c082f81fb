//! A function of nothing.

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

fn count_words() -> i32 {
    1
}

fn main() {}
