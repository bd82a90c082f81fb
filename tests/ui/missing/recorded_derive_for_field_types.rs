//! The fields of a struct without `Recorded`.

use handleref::Recorded;
use handleref::history::field_types;

diesel::table! {
    articles (id) {
        id -> Integer,
    }
}

#[derive(Recorded)]
struct Article {
    id: i32,
}

struct Topic;

fn main() {
    let _ = field_types::<(Article, Topic)>();
}
