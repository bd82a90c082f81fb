//! A child has a status alone.

use chrono::NaiveDateTime;
use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        deleted_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    comments (id) {
        id -> Integer,
        article_id -> Integer,
        status -> Text,
    }
}

#[derive(HandleRef)]
#[handleref(cascade(Comment))]
struct Article {
    id: i32,
    deleted_at: Option<NaiveDateTime>,
}

#[derive(HandleRef)]
#[handleref(parent(Article))]
struct Comment {
    id: i32,
    article_id: i32,
    #[handleref(status)]
    status: String,
}

fn main() {}
