//! A key of too many columns.

use handleref::{HandleRef, Recorded};

diesel::table! {
    articles (a, b, c, d, e) {
        a -> Integer,
        b -> Integer,
        c -> Integer,
        d -> Integer,
        e -> Integer,
    }
}

#[derive(HandleRef, Recorded)]
#[diesel(primary_key(a, b, c, d, e))]
struct Article {
    a: i32,
    b: i32,
    c: i32,
    d: i32,
    e: i32,
}

fn main() {}
