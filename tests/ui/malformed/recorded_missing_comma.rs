//! A comma is missing.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
#[recorded(table_name = "past" when = "title <> ''")]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
