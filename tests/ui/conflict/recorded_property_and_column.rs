//! A property that is called as a column.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
#[recorded(property(title: Text, sql = "upper(title)"))]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
