//! A struct that borrows.

use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(HandleRef)]
struct Article<'a> {
    id: i32,
    title: &'a str,
}

fn main() {}
