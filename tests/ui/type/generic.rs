//! A struct with a parameter.

use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(HandleRef)]
struct Article<T> {
    id: T,
}

fn main() {}
