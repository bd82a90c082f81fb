//! A literal where a key belongs.

use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(HandleRef)]
#[handleref("art")]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
