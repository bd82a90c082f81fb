//! A status value that is neither text nor a variant.

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
    #[handleref(status(deleted = 2, live = 1))]
    status: i32,
}

fn main() {}
