//! A misspelt key.

use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        version -> BigInt,
    }
}

#[derive(HandleRef)]
struct Article {
    id: i32,
    #[handleref(versio)]
    version: i64,
}

fn main() {}
