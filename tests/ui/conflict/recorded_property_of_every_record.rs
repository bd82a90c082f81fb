//! A property that is called as what every record has.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
#[recorded(property(version: BigInt, sql = "length(title)"))]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
