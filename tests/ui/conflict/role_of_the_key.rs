//! The primary key is marked as the version.

use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(HandleRef)]
struct Article {
    #[handleref(version)]
    id: i32,
    title: String,
}

fn main() {}
