//! A condition is missing.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
#[recorded(when)]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
