//! A status with a value instead of a list.

use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        status -> Text,
    }
}

#[derive(HandleRef)]
struct Article {
    id: i32,
    #[handleref(status = "deleted")]
    status: String,
}

fn main() {}
