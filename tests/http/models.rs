//! Articles with comments, as a program would serve them.

use axum::http::request::Parts;
use chrono::NaiveDateTime;
use diesel::{AsChangeset, Insertable, Queryable, Selectable};
use handleref::feed::{Feed, Parent};
use handleref::http::{Ask, Policy, Shutdown, Switch};
use handleref::{HandleRef, Recorded};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

diesel::table! {
    articles (id) {
        id -> Integer,
        slug -> Text,
        title -> Text,
        note -> Nullable<Text>,
        secret -> Nullable<Text>,
        owner -> Nullable<Integer>,
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
        body -> Text,
        version -> BigInt,
        updated_at -> Timestamp,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    tags (name) {
        name -> Text,
        weight -> BigInt,
    }
}

#[derive(Debug, Clone, Serialize, ToSchema, Queryable, Selectable, HandleRef, Recorded)]
#[handleref(cascade(Comment))]
pub struct Article {
    pub id: i32,
    pub slug: String,
    pub title: String,
    pub note: Option<String>,
    pub secret: Option<String>,
    pub owner: Option<i32>,
    pub version: i64,
    pub created_at: NaiveDateTime,
    pub updated_at: NaiveDateTime,
    pub deleted_at: Option<NaiveDateTime>,
}

#[derive(Debug, Clone, Serialize, Queryable, Selectable, HandleRef, Recorded)]
#[handleref(parent(Article, foreign_key = article_id))]
pub struct Comment {
    pub id: i32,
    pub article_id: i32,
    pub body: String,
    pub version: i64,
    pub updated_at: NaiveDateTime,
    pub deleted_at: Option<NaiveDateTime>,
}

/// Neither version nor soft delete, and a key of text.
#[derive(Debug, Clone, Serialize, Queryable, Selectable, HandleRef, Recorded)]
#[diesel(primary_key(name))]
pub struct Tag {
    pub name: String,
    pub weight: i64,
}

impl Feed for Article {}
impl Feed for Comment {
    fn parent() -> Option<Parent> {
        Some(Parent::of::<Article, Self>())
    }
}

#[derive(Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = articles)]
pub struct NewArticle {
    pub slug: String,
    pub title: String,
    pub note: Option<String>,
    pub secret: Option<String>,
    pub owner: Option<i32>,
}

#[derive(Debug, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = articles)]
pub struct EditArticle {
    pub slug: Option<String>,
    pub title: Option<String>,
    #[serde(default)]
    pub note: Option<Option<String>>,
}

#[derive(Debug, Deserialize, Insertable)]
#[diesel(table_name = comments)]
pub struct NewComment {
    pub article_id: i32,
    pub body: String,
}

#[derive(Debug, Deserialize, AsChangeset)]
#[diesel(table_name = comments, treat_none_as_null = true)]
pub struct WholeComment {
    pub body: String,
}

#[derive(Debug, Deserialize, Insertable, AsChangeset)]
#[diesel(table_name = tags)]
pub struct NewTag {
    pub name: String,
    pub weight: i64,
}

#[derive(Debug, Deserialize, AsChangeset)]
#[diesel(table_name = tags)]
pub struct EditTag {
    pub weight: i64,
}

/// A policy of some type.
#[derive(Clone)]
pub struct Shared(pub Arc<dyn Policy>);

impl Policy for Shared {
    fn decide(&self, ask: &Ask<'_>) -> handleref::http::Decision {
        self.0.decide(ask)
    }
    fn looks_at_rows(&self) -> bool {
        self.0.looks_at_rows()
    }
    fn hidden(&self, request: &Parts) -> Vec<String> {
        self.0.hidden(request)
    }
}

/// How the articles are served.
#[derive(Clone)]
pub struct Options {
    pub policy: Shared,
    pub hard: Switch,
    pub shutdown: Shutdown,
    pub content: Switch,
    pub gone: bool,
    pub post_updates: bool,
    pub if_match: bool,
    pub needs_key: bool,
    pub texts: bool,
    pub timeout: Option<std::time::Duration>,
    pub needs_filter: bool,
    pub bulk_limit: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            policy: Shared(Arc::new(handleref::http::AllowEverything)),
            hard: Switch::new(false),
            shutdown: Shutdown::new(),
            content: Switch::new(false),
            gone: false,
            post_updates: false,
            if_match: false,
            needs_key: false,
            texts: false,
            timeout: None,
            needs_filter: false,
            bulk_limit: 1000,
        }
    }
}

impl Options {
    pub fn policy(policy: impl Policy) -> Self {
        Self {
            policy: Shared(Arc::new(policy)),
            ..Self::default()
        }
    }
}
