//! An enum without its values.

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
    #[handleref(status)]
    status: Status,
}

#[derive(Debug, PartialEq)]
enum Status {
    Active,
    Deleted,
}

fn main() {}
