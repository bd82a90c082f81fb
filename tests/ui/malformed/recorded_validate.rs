//! A function in quotes.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
#[recorded(validate = "has_a_title")]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
