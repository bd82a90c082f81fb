//! A flag is given twice.

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
    #[handleref(version, version)]
    version: i64,
}

fn main() {}
