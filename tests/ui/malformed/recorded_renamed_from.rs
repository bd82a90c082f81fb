//! A former name without quotes.

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
    #[recorded(renamed_from = headline)]
    title: String,
}

fn main() {}
