//! Models that refer to each other in every way: a foreign key, a tree in one
//! table, a join table with a key of its own columns and one with its own key.

use crate::support::Db;
use chrono::NaiveDateTime;
use diesel::{AsChangeset, Identifiable, Insertable, Queryable, Selectable};
use handleref::{HandleRef, Recorded};
use serde::Serialize;

diesel::table! {
    topics (id) {
        id -> Integer,
        name -> Text,
    }
}
diesel::table! {
    posts (id) {
        id -> Integer,
        topic_id -> Nullable<Integer>,
        parent_id -> Nullable<Integer>,
        title -> Text,
        body -> Nullable<Text>,
        secret -> Nullable<Text>,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    tags (id) {
        id -> Integer,
        name -> Text,
    }
}
diesel::table! {
    post_tags (post_id, tag_id) {
        post_id -> Integer,
        tag_id -> Integer,
        weight -> Nullable<Integer>,
    }
}
diesel::table! {
    readings (id) {
        id -> Integer,
        topic_id -> Integer,
        tag_id -> Integer,
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Insertable, Recorded)]
pub struct Topic {
    pub id: i32,
    pub name: String,
}

#[derive(
    Debug,
    Clone,
    PartialEq,
    Serialize,
    Queryable,
    Selectable,
    Identifiable,
    AsChangeset,
    HandleRef,
    Recorded,
)]
#[diesel(belongs_to(Topic), belongs_to(Post, foreign_key = parent_id))]
pub struct Post {
    pub id: i32,
    pub topic_id: Option<i32>,
    pub parent_id: Option<i32>,
    pub title: String,
    pub body: Option<String>,
    #[recorded(redact)]
    pub secret: Option<String>,
    #[diesel(skip_update)]
    pub version: i64,
    #[diesel(skip_update)]
    pub created_at: NaiveDateTime,
    #[diesel(skip_update)]
    pub updated_at: NaiveDateTime,
    #[diesel(skip_update)]
    pub deleted_at: Option<NaiveDateTime>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Insertable, Recorded)]
pub struct Tag {
    pub id: i32,
    pub name: String,
}

/// A link by its primary key.
#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Insertable, Recorded)]
#[diesel(table_name = post_tags, primary_key(post_id, tag_id))]
#[diesel(belongs_to(Post), belongs_to(Tag))]
pub struct PostTag {
    pub post_id: i32,
    pub tag_id: i32,
    pub weight: Option<i32>,
}

/// A link with a key of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Insertable, Recorded)]
#[diesel(belongs_to(Topic), belongs_to(Tag))]
#[recorded(link)]
pub struct Reading {
    pub id: i32,
    pub topic_id: i32,
    pub tag_id: i32,
}

/// All of them.
pub type All = (Topic, Post, Tag, PostTag, Reading);

/// Their tables, recorded.
pub fn recorded(db: &Db) {
    db.create("CREATE TABLE topics (id {KEY} PRIMARY KEY, name {TEXT} NOT NULL UNIQUE)");
    db.create(
        "CREATE TABLE posts (id {KEY} PRIMARY KEY, topic_id INTEGER, parent_id INTEGER, \
         title {TEXT} NOT NULL, body {TEXT}, secret {TEXT}, \
         FOREIGN KEY (topic_id) REFERENCES topics (id), FOREIGN KEY (parent_id) REFERENCES posts (id))",
    );
    db.create("CREATE TABLE tags (id {KEY} PRIMARY KEY, name {TEXT} NOT NULL)");
    db.create(
        "CREATE TABLE post_tags (post_id INTEGER NOT NULL, tag_id INTEGER NOT NULL, weight INTEGER, \
         PRIMARY KEY (post_id, tag_id), FOREIGN KEY (post_id) REFERENCES posts (id), \
         FOREIGN KEY (tag_id) REFERENCES tags (id))",
    );
    db.create(
        "CREATE TABLE readings (id {KEY} PRIMARY KEY, topic_id INTEGER NOT NULL, tag_id INTEGER NOT NULL)",
    );
    install(db);
}

/// What is missing of the schema.
pub fn install(db: &Db) {
    db.install(&handleref::schema![Topic, Post, Tag, PostTag, Reading]);
}
