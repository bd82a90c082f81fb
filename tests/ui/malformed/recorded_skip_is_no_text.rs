//! A value that is no SQL.

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
    #[recorded(skip = 0)]
    title: String,
}

fn main() {}
