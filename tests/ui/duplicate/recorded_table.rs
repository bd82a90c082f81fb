//! Two structs record one table.

use diesel::prelude::*;
use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Queryable, Recorded)]
struct Article {
    id: i32,
    title: String,
}

#[derive(Queryable, Recorded)]
#[diesel(table_name = articles)]
struct Headline {
    id: i32,
    title: String,
}

fn main() {}
