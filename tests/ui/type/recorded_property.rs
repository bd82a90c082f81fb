//! A property of a type that is none.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
#[recorded(property(words: Json, sql = "json_array(title)"))]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
