//! The primary key has no field, though the table has its column.

use handleref::{HandleRef, Recorded};

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(HandleRef, Recorded)]
struct Article {
    title: String,
}

fn main() {}
