//! A child is no model.

use chrono::NaiveDateTime;
use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        deleted_at -> Nullable<Timestamp>,
    }
}

#[derive(HandleRef)]
#[handleref(cascade(Comment))]
struct Article {
    id: i32,
    deleted_at: Option<NaiveDateTime>,
}

struct Comment;

fn main() {}
