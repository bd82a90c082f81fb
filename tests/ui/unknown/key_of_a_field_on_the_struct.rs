//! A key of a field, on the struct.

use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(HandleRef)]
#[handleref(version)]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
