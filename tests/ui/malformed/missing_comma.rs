//! No comma between two keys.

use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(HandleRef)]
#[handleref(tag = "art" secondary)]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
