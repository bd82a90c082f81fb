//! A version that is no integer.

use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        version -> Bool,
    }
}

#[derive(HandleRef)]
struct Article {
    id: i32,
    version: bool,
}

fn main() {}
