//! A relative without parentheses.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
#[recorded(relative = comments)]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
