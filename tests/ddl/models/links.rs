//! Models that refer to others: links by their key, and links with one of their own.

use super::Group;
use diesel::{Associations, Identifiable, Queryable, Selectable};
use handleref::{HandleRef, Recorded};

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    labels (article_id, name) {
        article_id -> Integer,
        name -> Text,
    }
}
diesel::table! {
    article_tags (article_id, tag_id) {
        article_id -> Integer,
        tag_id -> Integer,
        weight -> Nullable<Integer>,
    }
}
diesel::table! {
    tags (id) {
        id -> Integer,
        name -> Text,
    }
}
diesel::table! {
    bonds (id) {
        id -> Integer,
        article_id -> Integer,
        tag_id -> Integer,
        version -> BigInt,
        deleted_at -> Nullable<Timestamp>,
    }
}

#[derive(Queryable, Selectable, Identifiable, HandleRef, Recorded)]
#[diesel(table_name = articles)]
#[handleref(cascade(Bond))]
pub struct Article {
    pub id: i32,
    pub title: String,
    pub deleted_at: Option<chrono::NaiveDateTime>,
}

#[derive(Queryable, Selectable, Identifiable, Recorded)]
#[diesel(table_name = tags)]
pub struct Tag {
    pub id: i32,
    pub name: String,
}

/// The key is made of the two references, so it is a link.
#[derive(Queryable, Selectable, Identifiable, Associations, Recorded)]
#[diesel(table_name = article_tags, primary_key(article_id, tag_id), belongs_to(Article), belongs_to(Tag))]
pub struct ArticleTag {
    pub article_id: i32,
    pub tag_id: i32,
    pub weight: Option<i32>,
}

/// One that says so.
#[derive(Queryable, Selectable, Identifiable, Associations, HandleRef, Recorded)]
#[diesel(table_name = bonds, belongs_to(Tag))]
#[handleref(parent(Article))]
#[recorded(link)]
pub struct Bond {
    pub id: i32,
    pub article_id: i32,
    pub tag_id: i32,
    pub version: i64,
    pub deleted_at: Option<chrono::NaiveDateTime>,
}

pub const GROUP: Group = Group {
    tables: |_| {
        "CREATE TABLE articles (id INTEGER NOT NULL PRIMARY KEY, title {text} NOT NULL); \
         CREATE TABLE tags (id INTEGER NOT NULL PRIMARY KEY, name {text} NOT NULL UNIQUE); \
         CREATE TABLE article_tags (article_id INTEGER NOT NULL, tag_id INTEGER NOT NULL, weight INTEGER, PRIMARY KEY (article_id, tag_id), \
         FOREIGN KEY (article_id) REFERENCES articles (id), FOREIGN KEY (tag_id) REFERENCES tags (id)); \
         CREATE TABLE bonds (id INTEGER NOT NULL PRIMARY KEY, article_id INTEGER NOT NULL, tag_id INTEGER NOT NULL, \
         FOREIGN KEY (article_id) REFERENCES articles (id), FOREIGN KEY (tag_id) REFERENCES tags (id))"
            .into()
    },
    schema: |_| handleref::schema![Article, Tag, ArticleTag, Bond],
    rows: "",
};
