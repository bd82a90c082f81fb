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
    #[recorded(redact = null)]
    title: String,
}

fn main() {}
