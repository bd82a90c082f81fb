//! A tag in upper case.

use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(HandleRef)]
#[handleref(tag = "Art")]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
