//! A nullable version.

use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        version -> Nullable<BigInt>,
    }
}

#[derive(HandleRef)]
struct Article {
    id: i32,
    version: Option<i64>,
}

fn main() {}
