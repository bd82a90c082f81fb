//! A relative that is no table.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

mod comments {}

#[derive(Recorded)]
#[recorded(relative(comments, on = "comments.article_id = articles.id"))]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
