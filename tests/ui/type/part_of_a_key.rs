//! A part of a key that cannot be written in a handle.

use handleref::HandleRef;

diesel::table! {
    articles (id, weight) {
        id -> Integer,
        weight -> Double,
    }
}

#[derive(HandleRef)]
#[diesel(primary_key(id, weight))]
struct Article {
    id: i32,
    weight: f64,
}

fn main() {}
