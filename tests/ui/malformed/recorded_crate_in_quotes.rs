//! A path in quotes.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
#[recorded(crate = "handleref")]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
