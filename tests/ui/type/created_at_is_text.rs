//! A timestamp of text, beside a right one.

use chrono::NaiveDateTime;
use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        created_at -> Text,
        updated_at -> Timestamp,
    }
}

#[derive(HandleRef)]
struct Article {
    id: i32,
    created_at: String,
    updated_at: NaiveDateTime,
}

fn main() {}
