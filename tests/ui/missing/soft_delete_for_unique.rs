//! `unique` on a model that is not soft-deletable.

use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(HandleRef)]
#[handleref(unique(title))]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
