//! A child is given twice.

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
        deleted_at -> Nullable<Timestamp>,
    }
}

#[derive(HandleRef)]
#[handleref(cascade(Comment, Comment))]
struct Article {
    id: i32,
    deleted_at: Option<NaiveDateTime>,
}

#[derive(HandleRef)]
#[handleref(parent(Article))]
struct Comment {
    id: i32,
    article_id: i32,
    deleted_at: Option<NaiveDateTime>,
}

fn main() {}
