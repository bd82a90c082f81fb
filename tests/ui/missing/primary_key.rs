//! There is no field `id`, and no `primary_key`.

use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(HandleRef)]
struct Article {
    title: String,
}

fn main() {}
