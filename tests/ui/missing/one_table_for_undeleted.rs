//! A joined query has no single table to ask.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use handleref::prelude::*;

diesel::table! {
    articles (id) {
        id -> Integer,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    notes (id) {
        id -> Integer,
        article_id -> Integer,
    }
}
diesel::joinable!(notes -> articles (article_id));
diesel::allow_tables_to_appear_in_same_query!(articles, notes);

#[derive(HandleRef)]
struct Article {
    id: i32,
    deleted_at: Option<NaiveDateTime>,
}

fn main() {
    drop(notes::table.inner_join(articles::table).undeleted());
}
