//! A path instead of a text.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
#[recorded(table_name = past)]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
