//! A unique field does not exist.

use chrono::NaiveDateTime;
use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        deleted_at -> Nullable<Timestamp>,
    }
}

#[derive(HandleRef)]
#[handleref(unique(titel))]
struct Article {
    id: i32,
    deleted_at: Option<NaiveDateTime>,
}

fn main() {}
