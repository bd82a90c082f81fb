//! A misspelt key.

use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(HandleRef)]
#[handleref(tags = "art")]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
