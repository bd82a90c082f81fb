//! `parent` on a model that is not soft-deletable.

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
    article_id: i32,
}

fn main() {}
