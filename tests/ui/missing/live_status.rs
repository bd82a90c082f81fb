//! An enum status says what deleted is, but not what a restore writes.

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
    #[handleref(status(deleted = Status::Deleted))]
    status: Status,
}

#[derive(Debug)]
enum Status {
    Deleted,
}

fn main() {}
