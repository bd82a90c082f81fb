//! A struct that borrows.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
struct Article<'a> {
    id: i32,
    title: &'a str,
}

fn main() {}
