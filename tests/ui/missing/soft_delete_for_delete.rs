//! A soft delete of a model without one.

use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(HandleRef)]
struct Article {
    id: i32,
    title: String,
}

fn purge() {
    let _ = handleref::delete(articles::table);
}

fn main() {}
