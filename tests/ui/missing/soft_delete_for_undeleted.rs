//! `undeleted` on a model without a column that says what is deleted.

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

fn live() {
    let _ = Article::undeleted();
}

fn main() {}
