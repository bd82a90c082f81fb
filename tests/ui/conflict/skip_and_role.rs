//! A field has a role and none.

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
    #[handleref(version, skip)]
    version: i64,
}

fn main() {}
