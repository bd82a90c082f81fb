//! A key in the wrong place.

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
    #[recorded(when = "title <> ''")]
    title: String,
}

fn main() {}
