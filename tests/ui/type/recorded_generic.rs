//! A generic struct.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
struct Article<T> {
    id: i32,
    title: T,
}

fn main() {}
