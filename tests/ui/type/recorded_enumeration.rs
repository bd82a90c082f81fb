//! An enum.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
enum Article {
    Draft,
}

fn main() {}
