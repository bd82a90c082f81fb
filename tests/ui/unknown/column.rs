//! A field without a column.

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
    titel: String,
}

fn main() {}
