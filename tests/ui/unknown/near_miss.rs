//! Slips.

use handleref::{HandleRef, Recorded};

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
        version -> BigInt,
    }
}

#[derive(HandleRef, Recorded)]
#[handleref(cascde(Comment))]
#[recorded(requires_changeset)]
struct Article {
    id: i32,
    #[recorded(rename_from = "name")]
    title: String,
    #[handleref(verison)]
    version: i64,
}

fn main() {}
