//! The primary key is left out.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
struct Article {
    #[recorded(skip)]
    id: i32,
    title: String,
}

fn main() {}
