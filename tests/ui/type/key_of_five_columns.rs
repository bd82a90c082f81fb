//! A key of five columns.

use handleref::HandleRef;

diesel::table! {
    articles (a, b, c, d, e) {
        a -> Integer,
        b -> Integer,
        c -> Integer,
        d -> Integer,
        e -> Integer,
    }
}

#[derive(HandleRef)]
#[diesel(primary_key(a, b, c, d, e))]
struct Article {
    a: i32,
    b: i32,
    c: i32,
    d: i32,
    e: i32,
}

fn main() {}
