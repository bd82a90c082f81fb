//! A key that cannot be written in a handle.

use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Double,
        title -> Text,
    }
}

#[derive(HandleRef)]
struct Article {
    id: f64,
    title: String,
}

fn main() {}
