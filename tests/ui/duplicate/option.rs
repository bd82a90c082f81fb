//! An option is given twice.

use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(HandleRef)]
#[handleref(options(icon = "page", icon = "book"))]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
