//! The keys are missing.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
#[recorded]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
