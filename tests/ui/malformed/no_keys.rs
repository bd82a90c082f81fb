//! No keys at all.

use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(HandleRef)]
#[handleref]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
