//! A computed field has a role.

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
    #[diesel(select_expression = articles::id * 2)]
    #[handleref(version)]
    double: i64,
}

fn main() {}
