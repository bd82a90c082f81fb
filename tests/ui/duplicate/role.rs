//! Two fields are marked as the version.

use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        first -> BigInt,
        second -> BigInt,
    }
}

#[derive(HandleRef)]
struct Article {
    id: i32,
    #[handleref(version)]
    first: i64,
    #[handleref(version)]
    second: i64,
}

fn main() {}
