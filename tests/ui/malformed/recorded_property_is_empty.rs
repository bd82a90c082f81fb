//! A property of nothing.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
#[recorded(property())]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
