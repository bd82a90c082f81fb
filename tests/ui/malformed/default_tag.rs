//! A struct whose name cannot be a tag.

use handleref::HandleRef;

diesel::table! {
    article2s (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(HandleRef)]
struct Article2 {
    id: i32,
    title: String,
}

fn main() {}
