//! The key is converted.

use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(HandleRef)]
struct Article {
    #[diesel(deserialize_as = i64)]
    id: i32,
    title: String,
}

fn main() {}
