//! A property that nothing computes.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
#[recorded(property(words: Integer))]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
