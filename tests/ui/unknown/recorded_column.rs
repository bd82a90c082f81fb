//! A field without a column.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
struct Article {
    id: i32,
    titel: String,
}

fn main() {}
