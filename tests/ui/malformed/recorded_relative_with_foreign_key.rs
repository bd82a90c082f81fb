//! A column instead of a condition.

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
#[recorded(relative(comments, on = article_id))]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
