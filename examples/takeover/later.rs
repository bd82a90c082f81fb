//! Books a year later: nobody needs the column `blurb` any more.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use handleref::prelude::*;
use handleref::schema::Schema;
use serde::Serialize;

use super::after::{Author, BookAuthor, Member, Order, OrderLine, Topic};
use super::values::{Price, Status};
use super::{Conn, Id};

diesel::table! {
    use diesel::sql_types::*;
    use super::super::{IdSql, PriceSql};
    books (id) {
        id -> IdSql,
        topic_id -> Integer,
        title -> Text,
        price -> PriceSql,
        status -> Text,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        version -> BigInt,
        deleted_at -> Nullable<Timestamp>,
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Serialize, HandleRef, Recorded)]
#[diesel(belongs_to(Topic))]
pub struct Book {
    pub id: Id,
    pub topic_id: i32,
    pub title: String,
    pub price: Price,
    pub status: Status,
    pub created_at: NaiveDateTime,
    pub updated_at: NaiveDateTime,
    pub version: i64,
    pub deleted_at: Option<NaiveDateTime>,
}

pub fn schema() -> Schema {
    handleref::schema![Member, Topic, Author, Book, BookAuthor, Order, OrderLine]
        .dropping("books", "blurb")
}

pub fn book(conn: &mut Conn, title: &str) -> QueryResult<Book> {
    books::table
        .filter(books::title.eq(title))
        .select(Book::as_select())
        .first(conn)
}
