//! A tag with digits.

use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(HandleRef)]
#[handleref(tag = "art2")]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
