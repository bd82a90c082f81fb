//! A key that is no key.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Double,
        title -> Text,
    }
}

#[derive(Recorded)]
struct Article {
    id: f64,
    title: String,
}

fn main() {}
