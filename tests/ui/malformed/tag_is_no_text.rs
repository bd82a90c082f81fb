//! A tag that is no text.

use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(HandleRef)]
#[handleref(tag = art)]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
