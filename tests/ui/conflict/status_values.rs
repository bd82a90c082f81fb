//! Deleted and live are the same status.

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
    #[handleref(status(deleted = "ok"))]
    status: String,
}

fn main() {}
