//! A model says `hooks` and has none.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use handleref::{HandleRef, RowDsl};

diesel::table! {
    articles (id) {
        id -> Integer,
        deleted_at -> Nullable<Timestamp>,
    }
}

#[derive(Queryable, Selectable, HandleRef)]
#[handleref(hooks)]
struct Article {
    id: i32,
    deleted_at: Option<NaiveDateTime>,
}

fn delete(article: &mut Article, conn: &mut SqliteConnection) {
    let _ = article.delete(conn);
}

fn main() {}
