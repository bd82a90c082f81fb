//! A property whose name is none.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
#[recorded(property(_: Integer, sql = "length(title)"))]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
