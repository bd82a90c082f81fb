//! A key of the struct, on a field.

use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(HandleRef)]
struct Article {
    id: i32,
    #[handleref(tag = "art")]
    title: String,
}

fn main() {}
