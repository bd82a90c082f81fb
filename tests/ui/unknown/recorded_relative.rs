//! There is no such table.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
#[recorded(relative(comments, on = "comments.article_id = articles.id"))]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
