//! `since(time)` where only the creation has a time: later changes would be missed.

use chrono::{NaiveDateTime, Utc};
use handleref::prelude::*;

diesel::table! {
    articles (id) {
        id -> Integer,
        created_at -> Timestamp,
    }
}

#[derive(HandleRef)]
struct Article {
    id: i32,
    created_at: NaiveDateTime,
}

fn main() {
    drop(Article::changed_after(Utc::now()));
}
