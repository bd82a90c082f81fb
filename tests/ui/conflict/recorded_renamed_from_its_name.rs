//! A former name that is the present one.

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
    #[recorded(renamed_from = "title")]
    title: String,
}

fn main() {}
