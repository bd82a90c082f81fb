//! `since` with a version, on a model without one.

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

fn changed() {
    let _ = Article::since(1);
}

fn main() {}
