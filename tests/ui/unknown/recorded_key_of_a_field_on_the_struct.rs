//! A key in the wrong place.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
#[recorded(redact)]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
