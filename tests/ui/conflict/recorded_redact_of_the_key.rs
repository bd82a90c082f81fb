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
    #[recorded(redact = "0")]
    id: i32,
    title: String,
}

fn main() {}
