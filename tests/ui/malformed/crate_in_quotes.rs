//! The path of the crate in quotes.

use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(HandleRef)]
#[handleref(crate = "handleref")]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
