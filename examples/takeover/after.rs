//! The same application with handleref: columns more, and two derives on each model.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use handleref::prelude::*;
use handleref::schema::Schema;
use serde::Serialize;

use super::values::{Price, Role, Settings, Status};
use super::{Conn, Id};

diesel::table! {
    use diesel::sql_types::*;
    use super::super::{IdSql, SettingsSql};
    members (id) {
        id -> IdSql,
        email -> Text,
        role -> Text,
        settings -> SettingsSql,
        version -> BigInt,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    topics (id) { id -> Integer, name -> Text, }
}
diesel::table! {
    authors (id) { id -> Integer, name -> Text, }
}
diesel::table! {
    use diesel::sql_types::*;
    use super::super::{IdSql, PriceSql};
    books (id) {
        id -> IdSql,
        topic_id -> Integer,
        title -> Text,
        price -> PriceSql,
        status -> Text,
        blurb -> Nullable<Text>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        version -> BigInt,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use super::super::IdSql;
    book_authors (book_id, author_id) { book_id -> IdSql, author_id -> Integer, }
}
diesel::table! {
    use diesel::sql_types::*;
    use super::super::IdSql;
    orders (id) {
        id -> Integer,
        member_id -> IdSql,
        note -> Nullable<Text>,
        version -> BigInt,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use super::super::{IdSql, PriceSql};
    order_lines (order_id, line) {
        order_id -> Integer,
        line -> Integer,
        book_id -> IdSql,
        copies -> Integer,
        price -> PriceSql,
        version -> BigInt,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::joinable!(books -> topics (topic_id));
diesel::joinable!(order_lines -> orders (order_id));
diesel::allow_tables_to_appear_in_same_query!(
    members,
    topics,
    authors,
    books,
    book_authors,
    orders,
    order_lines
);

#[derive(Debug, Clone, Queryable, Selectable, Serialize, HandleRef, Recorded)]
pub struct Member {
    pub id: Id,
    pub email: String,
    pub role: Role,
    pub settings: Settings,
    pub version: i64,
    pub deleted_at: Option<NaiveDateTime>,
}

/// Only its history is wanted.
#[derive(Debug, Clone, Queryable, Selectable, Serialize, Recorded)]
pub struct Topic {
    pub id: i32,
    pub name: String,
}

#[derive(Debug, Clone, Queryable, Selectable, Serialize, Recorded)]
pub struct Author {
    pub id: i32,
    pub name: String,
}

/// `status` says whether it is on sale, and nothing of deletion: that is `deleted_at`.
#[derive(Debug, Clone, Queryable, Selectable, Serialize, HandleRef, Recorded)]
#[diesel(belongs_to(Topic))]
pub struct Book {
    pub id: Id,
    pub topic_id: i32,
    pub title: String,
    pub price: Price,
    pub status: Status,
    pub blurb: Option<String>,
    pub created_at: NaiveDateTime,
    pub updated_at: NaiveDateTime,
    pub version: i64,
    pub deleted_at: Option<NaiveDateTime>,
}

/// A link: its key consists of the two references.
#[derive(Debug, Clone, Queryable, Selectable, Serialize, Recorded)]
#[diesel(primary_key(book_id, author_id), belongs_to(Book), belongs_to(Author))]
pub struct BookAuthor {
    pub book_id: Id,
    pub author_id: i32,
}

#[derive(Debug, Clone, Queryable, Selectable, Serialize, HandleRef, Recorded)]
#[diesel(belongs_to(Member))]
#[handleref(cascade(OrderLine))]
pub struct Order {
    pub id: i32,
    pub member_id: Id,
    pub note: Option<String>,
    pub version: i64,
    pub deleted_at: Option<NaiveDateTime>,
}

#[derive(Debug, Clone, Queryable, Selectable, Serialize, HandleRef, Recorded)]
#[diesel(primary_key(order_id, line), belongs_to(Order), belongs_to(Book))]
#[handleref(parent(Order))]
pub struct OrderLine {
    pub order_id: i32,
    pub line: i32,
    pub book_id: Id,
    pub copies: i32,
    pub price: Price,
    pub version: i64,
    pub deleted_at: Option<NaiveDateTime>,
}

pub fn schema() -> Schema {
    handleref::schema![Member, Topic, Author, Book, BookAuthor, Order, OrderLine]
}

pub fn book(conn: &mut Conn, title: &str) -> QueryResult<Book> {
    books::table
        .filter(books::title.eq(title))
        .select(Book::as_select())
        .first(conn)
}
