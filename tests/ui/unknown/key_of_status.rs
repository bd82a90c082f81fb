//! A misspelt key of `status`.

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
    #[handleref(status(removed = "deleted"))]
    status: String,
}

fn main() {}
