//! An embedded struct.

use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(HandleRef)]
struct Article {
    id: i32,
    #[diesel(embed)]
    rest: Rest,
}

struct Rest;

fn main() {}
