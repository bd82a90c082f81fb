//! A link with a mistake in what it refers to: it is reported once.

use handleref::{HandleRef, Recorded};

diesel::table! {
    tags (id) {
        id -> Integer,
        deleted_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    article_tags (id) {
        id -> Integer,
        article_id -> Integer,
        tag_id -> Integer,
        deleted_at -> Nullable<Timestamp>,
    }
}

#[derive(HandleRef)]
struct Tag {
    id: i32,
    deleted_at: Option<chrono::NaiveDateTime>,
}

#[derive(HandleRef, Recorded)]
#[diesel(belongs_to(Article))]
#[handleref(parent(Tag, foreign_key = label_id))]
#[recorded(link)]
struct ArticleTag {
    id: i32,
    article_id: i32,
    tag_id: i32,
    deleted_at: Option<chrono::NaiveDateTime>,
}

fn main() {}
