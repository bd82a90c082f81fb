//! A model with a status alone has children.

use chrono::NaiveDateTime;
use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        status -> Text,
    }
}

diesel::table! {
    comments (id) {
        id -> Integer,
        article_id -> Integer,
        deleted_at -> Nullable<Timestamp>,
    }
}

#[derive(HandleRef)]
#[handleref(cascade(Comment))]
struct Article {
    id: i32,
    #[handleref(status)]
    status: String,
}

#[derive(HandleRef)]
#[handleref(parent(Article))]
struct Comment {
    id: i32,
    article_id: i32,
    deleted_at: Option<NaiveDateTime>,
}

fn main() {}
