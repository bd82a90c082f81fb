//! A relative that names its schema.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}
diesel::table! {
    app.comments (id) {
        id -> Integer,
        article_id -> Integer,
    }
}

#[derive(Recorded)]
#[recorded(relative(comments, on = "comments.article_id = articles.id"))]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
