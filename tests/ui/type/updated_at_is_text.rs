//! A timestamp of text.

use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        updated_at -> Text,
    }
}

#[derive(HandleRef)]
struct Article {
    id: i32,
    updated_at: String,
}

fn main() {}
