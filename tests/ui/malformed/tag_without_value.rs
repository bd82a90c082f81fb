//! A tag without a value.

use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(HandleRef)]
#[handleref(tag)]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
