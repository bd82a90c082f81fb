//! A column of the primary key has no field.

use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(HandleRef)]
#[diesel(primary_key(id, topic_id))]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
