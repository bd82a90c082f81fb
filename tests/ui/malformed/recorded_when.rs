//! A condition in Rust.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
#[recorded(when = title.ne(""))]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
