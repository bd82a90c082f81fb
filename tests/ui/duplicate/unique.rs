//! A set of unique fields is given twice.

use chrono::NaiveDateTime;
use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
        deleted_at -> Nullable<Timestamp>,
    }
}

#[derive(HandleRef)]
#[handleref(unique(title))]
struct Article {
    id: i32,
    #[handleref(unique)]
    title: String,
    deleted_at: Option<NaiveDateTime>,
}

fn main() {}
