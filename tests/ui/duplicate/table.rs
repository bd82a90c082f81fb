//! Two structs answer for one table. The compiler must come to an end.

use chrono::NaiveDateTime;
use handleref::HandleRef;
use handleref::prelude::*;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
        version -> BigInt,
        deleted_at -> Nullable<Timestamp>,
    }
}

#[derive(HandleRef)]
struct Article {
    id: i32,
    title: String,
    version: i64,
    deleted_at: Option<NaiveDateTime>,
}

#[derive(HandleRef)]
#[diesel(table_name = articles)]
struct Headline {
    id: i32,
    title: String,
}

fn main() {
    let _ = articles::table.since(3);
    let _ = articles::table.undeleted();
}
