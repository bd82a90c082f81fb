//! A parent is no model.

use chrono::NaiveDateTime;
use handleref::HandleRef;

diesel::table! {
    comments (id) {
        id -> Integer,
        article_id -> Integer,
        deleted_at -> Nullable<Timestamp>,
    }
}

struct Article;

#[derive(HandleRef)]
#[handleref(parent(Article))]
struct Comment {
    id: i32,
    article_id: i32,
    deleted_at: Option<NaiveDateTime>,
}

fn main() {}
