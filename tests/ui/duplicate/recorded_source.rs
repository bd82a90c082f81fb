//! The name of the record source is taken.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
struct Article {
    id: i32,
    title: String,
}

struct ArticleRecords;

fn main() {}
