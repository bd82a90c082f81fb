//! A key is given twice.

use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(HandleRef)]
#[handleref(tag = "art", tag = "article")]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
