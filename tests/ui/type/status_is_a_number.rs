//! A number as a status.

use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        status -> Integer,
    }
}

#[derive(HandleRef)]
struct Article {
    id: i32,
    #[handleref(status)]
    status: i32,
}

fn main() {}
