//! One field has two roles.

use chrono::NaiveDateTime;
use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        changed -> Timestamp,
    }
}

#[derive(HandleRef)]
struct Article {
    id: i32,
    #[handleref(created_at, updated_at)]
    changed: NaiveDateTime,
}

fn main() {}
