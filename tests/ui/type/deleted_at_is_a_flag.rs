//! A flag instead of a timestamp.

use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        deleted -> Nullable<Bool>,
    }
}

#[derive(HandleRef)]
struct Article {
    id: i32,
    #[handleref(deleted_at)]
    deleted: Option<bool>,
}

fn main() {}
