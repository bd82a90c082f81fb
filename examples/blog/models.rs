//! What the blog has, and what clients may send.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use handleref::{HandleRef, Recorded};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

diesel::table! {
    users (id) { id -> Integer, name -> Text, role -> Text, password_hash -> Text, }
}
diesel::table! {
    articles (id) {
        id -> Integer, author_id -> Integer, slug -> Text, title -> Text, body -> Nullable<Text>,
        version -> BigInt, created_at -> Timestamp, updated_at -> Timestamp,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    comments (id) {
        id -> Integer, article_id -> Integer, author_id -> Integer, body -> Text,
        version -> BigInt, updated_at -> Timestamp, deleted_at -> Nullable<Timestamp>,
    }
}

pub fn schema() -> handleref::schema::Schema {
    handleref::schema![User, Article, Comment]
}

/// A reader, who comments; an author, who writes articles; or an editor, who may do everything.
#[derive(Clone, Queryable, Selectable, Serialize, ToSchema, HandleRef, Recorded)]
pub struct User {
    pub id: i32,
    pub name: String,
    pub role: String,
    /// In no record, and so in no answer.
    #[recorded(skip = "''")]
    #[serde(skip)]
    pub password_hash: String,
}

#[derive(Queryable, Selectable, Serialize, ToSchema, HandleRef, Recorded)]
#[handleref(cascade(Comment))]
pub struct Article {
    pub id: i32,
    pub author_id: i32,
    #[handleref(unique)]
    pub slug: String,
    pub title: String,
    pub body: Option<String>,
    pub version: i64,
    pub created_at: NaiveDateTime,
    pub updated_at: NaiveDateTime,
    pub deleted_at: Option<NaiveDateTime>,
}

#[derive(Queryable, Selectable, Serialize, ToSchema, HandleRef, Recorded)]
#[handleref(parent(Article))]
pub struct Comment {
    pub id: i32,
    pub article_id: i32,
    pub author_id: i32,
    pub body: String,
    pub version: i64,
    pub updated_at: NaiveDateTime,
    pub deleted_at: Option<NaiveDateTime>,
}

#[derive(Deserialize, ToSchema, Insertable)]
#[diesel(table_name = articles)]
pub struct NewArticle {
    slug: String,
    title: String,
    body: Option<String>,
}

#[derive(Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = articles)]
pub struct EditArticle {
    slug: Option<String>,
    title: Option<String>,
    #[serde(default)]
    body: Option<Option<String>>,
}

#[derive(Deserialize, ToSchema, Insertable, AsChangeset)]
#[diesel(table_name = comments)]
pub struct WholeComment {
    article_id: i32,
    body: String,
}
