//! A part of the primary key has no field.

use handleref::{HandleRef, Recorded};

diesel::table! {
    articles (id, topic_id) {
        id -> Integer,
        topic_id -> Integer,
        title -> Text,
    }
}

#[derive(HandleRef, Recorded)]
#[diesel(primary_key(id, topic_id))]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
