//! There is no field that refers to the parent.

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
        article -> Integer,
        deleted_at -> Nullable<Timestamp>,
    }
}

#[derive(HandleRef)]
struct Article {
    id: i32,
    deleted_at: Option<NaiveDateTime>,
}

#[derive(HandleRef)]
#[handleref(parent(Article))]
struct Comment {
    id: i32,
    article: i32,
    deleted_at: Option<NaiveDateTime>,
}

fn main() {}
