//! A version that is no integer.

use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        version -> Text,
    }
}

#[derive(HandleRef)]
struct Article {
    id: i32,
    version: String,
}

fn main() {}
