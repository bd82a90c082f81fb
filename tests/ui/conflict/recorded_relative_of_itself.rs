//! A table that is its own relative.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
#[recorded(relative(articles, on = "articles.id = articles.id"))]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
