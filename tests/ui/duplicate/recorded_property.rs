//! A property, twice; names of columns have no case.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
#[recorded(property(words: Integer, sql = "length(title)"), property(Words: BigInt, sql = "length(title)"))]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
