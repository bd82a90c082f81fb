//! A property without parentheses.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
#[recorded(property = "words")]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
