//! A property without a type.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
#[recorded(property(words, sql = "length(title)"))]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
