//! Options without a list.

use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(HandleRef)]
#[handleref(options = "page")]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
