//! A key of the struct, twice.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
#[recorded(table_name = "past", table_name = "history")]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
