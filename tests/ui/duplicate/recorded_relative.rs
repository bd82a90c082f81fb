//! A relative, twice.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}
diesel::table! {
    comments (id) {
        id -> Integer,
        article_id -> Integer,
    }
}

#[derive(Recorded)]
#[recorded(
    relative(comments, on = "comments.article_id = articles.id"),
    relative(comments, on = "comments.id = articles.id")
)]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
