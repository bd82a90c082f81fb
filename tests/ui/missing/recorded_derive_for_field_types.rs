//! The fields of a struct without `Recorded`.

use handleref::{Recorded, field_types};

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
