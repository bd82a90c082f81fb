//! An embedded struct.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

struct Text {
    title: String,
}

#[derive(Recorded)]
struct Article {
    id: i32,
    #[diesel(embed)]
    text: Text,
}

fn main() {}
