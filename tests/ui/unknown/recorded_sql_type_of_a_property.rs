//! A slip in the SQL type of a property.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
#[recorded(property(words: Intger, sql = "length(articles.title)"))]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
