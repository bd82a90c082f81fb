//! A text where a key belongs.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
#[recorded("past")]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
