//! A schema of a struct that is no model.

use handleref::schema::Schema;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

struct Article {
    id: i32,
}

fn schema() -> Schema {
    handleref::schema![Article]
}

fn main() {}
