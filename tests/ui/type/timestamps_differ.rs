//! Two timestamps of different types.

use chrono::{DateTime, NaiveDateTime, Utc};
use handleref::HandleRef;

diesel::table! {
    use diesel::sql_types::*;

    articles (id) {
        id -> Integer,
        created_at -> Timestamp,
        updated_at -> TimestamptzSqlite,
    }
}

#[derive(HandleRef)]
struct Article {
    id: i32,
    created_at: NaiveDateTime,
    updated_at: DateTime<Utc>,
}

fn main() {}
