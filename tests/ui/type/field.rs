//! A field that cannot be stored.

use diesel::sqlite::Sqlite;
use handleref::HandleRef;
use handleref::model::Row;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(HandleRef)]
struct Article {
    id: i32,
    title: Title,
}

#[derive(Debug)]
struct Title(String);

fn on_sqlite<M: Row<Sqlite>>() {}

fn article() {
    on_sqlite::<Article>();
}

fn main() {}
