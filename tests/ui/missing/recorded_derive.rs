//! A history is asked for where there is none.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

struct Article {
    id: i32,
}

fn records() {
    let _ = Article::records();
}

fn main() {}
