//! A managed column is converted.

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
    #[diesel(serialize_as = i64)]
    version: i64,
}

fn main() {}
