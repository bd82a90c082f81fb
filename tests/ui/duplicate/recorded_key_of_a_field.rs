//! A key of a field, twice.

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
    #[recorded(skip = "''", skip = "''")]
    title: String,
}

fn main() {}
