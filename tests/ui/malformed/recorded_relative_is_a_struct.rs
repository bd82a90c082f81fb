//! A model instead of its table.

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

struct Comment;

#[derive(Recorded)]
#[recorded(relative(Comment, on = "comments.article_id = articles.id"))]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
