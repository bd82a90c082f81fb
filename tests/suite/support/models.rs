//! The models of the suite.

use chrono::NaiveDateTime;
use diesel::{AsChangeset, Identifiable, Insertable, Queryable, Selectable};
use handleref::HandleRef;

diesel::table! {
    notes (id) {
        id -> Integer,
        title -> Text,
        body -> Nullable<Text>,
        topic_id -> Nullable<Integer>,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    users (id) {
        id -> Integer,
        name -> Text,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    topics (id) {
        id -> Integer,
        name -> Text,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    articles (id) {
        id -> Integer,
        topic_id -> Integer,
        title -> Text,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    comments (id) {
        id -> Integer,
        article_id -> Integer,
        user_id -> Nullable<Integer>,
        body -> Text,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    categories (id) {
        id -> Integer,
        parent_id -> Nullable<Integer>,
        name -> Text,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::joinable!(articles -> topics (topic_id));
diesel::joinable!(comments -> articles (article_id));
diesel::allow_tables_to_appear_in_same_query!(topics, articles, comments, users, notes);

/// Every role, no relatives.
#[derive(
    Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, AsChangeset, Insertable, HandleRef,
)]
#[diesel(table_name = notes)]
#[handleref(options(passthrough = "kept"))]
pub struct Note {
    pub id: i32,
    pub title: String,
    pub body: Option<String>,
    pub topic_id: Option<i32>,
    #[diesel(skip_insertion, skip_update)]
    pub version: i64,
    #[diesel(skip_insertion, skip_update)]
    pub created_at: NaiveDateTime,
    #[diesel(skip_insertion, skip_update)]
    pub updated_at: NaiveDateTime,
    #[diesel(skip_insertion, skip_update)]
    pub deleted_at: Option<NaiveDateTime>,
}

/// The second parent of comments; deleting one leaves its comments alone.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = users)]
pub struct User {
    pub id: i32,
    pub name: String,
    pub version: i64,
    pub created_at: NaiveDateTime,
    pub updated_at: NaiveDateTime,
    pub deleted_at: Option<NaiveDateTime>,
}

/// The root of the family.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = topics)]
#[handleref(cascade(Article))]
pub struct Topic {
    pub id: i32,
    pub name: String,
    pub version: i64,
    pub created_at: NaiveDateTime,
    pub updated_at: NaiveDateTime,
    pub deleted_at: Option<NaiveDateTime>,
}

/// The middle of the family.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = articles)]
#[handleref(tag = "art", cascade(Comment), parent(Topic))]
pub struct Article {
    pub id: i32,
    pub topic_id: i32,
    pub title: String,
    pub version: i64,
    pub created_at: NaiveDateTime,
    pub updated_at: NaiveDateTime,
    pub deleted_at: Option<NaiveDateTime>,
}

/// The leaves of the family.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = comments)]
#[handleref(parent(Article), parent(User))]
pub struct Comment {
    pub id: i32,
    pub article_id: i32,
    pub user_id: Option<i32>,
    pub body: String,
    pub version: i64,
    pub created_at: NaiveDateTime,
    pub updated_at: NaiveDateTime,
    pub deleted_at: Option<NaiveDateTime>,
}

/// A tree in one table.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = categories)]
#[handleref(cascade(Category), parent(Category, foreign_key = parent_id))]
pub struct Category {
    pub id: i32,
    pub parent_id: Option<i32>,
    pub name: String,
    pub version: i64,
    pub created_at: NaiveDateTime,
    pub updated_at: NaiveDateTime,
    pub deleted_at: Option<NaiveDateTime>,
}
