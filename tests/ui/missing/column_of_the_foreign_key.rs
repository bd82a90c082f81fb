//! The parent has a composite key, the child one column.

use chrono::NaiveDateTime;
use handleref::HandleRef;

diesel::table! {
    articles (id, topic_id) {
        id -> Integer,
        topic_id -> Integer,
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
#[diesel(primary_key(id, topic_id))]
struct Article {
    id: i32,
    topic_id: i32,
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
