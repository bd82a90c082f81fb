use diesel::prelude::*;
use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
        version -> BigInt,
        deleted_at -> Nullable<Timestamp>,
    }
}

#[derive(Queryable, HandleRef)]
#[diesel(table_name = articles)]
struct Article {
    id: i32,
    #[handleref(index)]
    title: String,
    #[handleref(index)]
    version: i64,
    #[handleref(index)]
    deleted_at: Option<chrono::NaiveDateTime>,
}

fn main() {}
