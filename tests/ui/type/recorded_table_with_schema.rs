//! A table that names its schema.

use handleref::Recorded;

diesel::table! {
    app.articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
