//! A deletion timestamp that every row has.

use chrono::NaiveDateTime;
use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        deleted_at -> Timestamp,
    }
}

#[derive(HandleRef)]
struct Article {
    id: i32,
    deleted_at: NaiveDateTime,
}

fn main() {}
