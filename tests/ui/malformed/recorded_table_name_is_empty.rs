//! An empty name.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
#[recorded(table_name = "")]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
