//! A version whose field is no integer that fits.

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
    version: u64,
}

fn main() {}
