//! Recorded models with each combination of roles.

use super::Group;
use chrono::NaiveDateTime;
use diesel::{Identifiable, Queryable, Selectable};
use handleref::{HandleRef, Recorded};

diesel::table! {
    entries (id) {
        id -> Integer,
        title -> Text,
        body -> Nullable<Text>,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    counters (id) {
        id -> Integer,
        name -> Text,
        version -> SmallInt,
    }
}
diesel::table! {
    moments (id) {
        id -> Integer,
        name -> Text,
        created -> Timestamp,
        updated -> Timestamp,
    }
}
diesel::table! {
    jobs (id) {
        id -> Integer,
        name -> Text,
        state -> Text,
        version -> Integer,
        updated_at -> Timestamp,
        deleted_at -> Nullable<Timestamp>,
    }
}

/// Every role.
#[derive(Queryable, Selectable, Identifiable, HandleRef, Recorded)]
#[diesel(table_name = entries)]
pub struct Entry {
    pub id: i32,
    #[handleref(unique)]
    pub title: String,
    pub body: Option<String>,
    pub version: i64,
    pub created_at: NaiveDateTime,
    pub updated_at: NaiveDateTime,
    pub deleted_at: Option<NaiveDateTime>,
}

/// A version alone, of a small type.
#[derive(Queryable, Selectable, Identifiable, HandleRef, Recorded)]
#[diesel(table_name = counters)]
pub struct Counter {
    pub id: i32,
    pub name: String,
    pub version: i16,
}

/// Timestamps, and no version.
#[derive(Queryable, Selectable, Identifiable, HandleRef, Recorded)]
#[diesel(table_name = moments)]
pub struct Moment {
    pub id: i32,
    pub name: String,
    pub created: NaiveDateTime,
    pub updated: NaiveDateTime,
}

/// A status, with the time of the deletion beside it.
#[derive(Queryable, Selectable, Identifiable, HandleRef, Recorded)]
#[diesel(table_name = jobs)]
#[handleref(unique(name))]
pub struct Job {
    pub id: i32,
    pub name: String,
    #[handleref(status(deleted = "drop'ped", live = "queued"))]
    pub state: String,
    pub version: i32,
    pub updated_at: NaiveDateTime,
    pub deleted_at: Option<NaiveDateTime>,
}

pub const GROUP: Group = Group {
    tables: |_| {
        "CREATE TABLE entries (id {serial}, title {text} NOT NULL, body {text}); \
         CREATE TABLE counters (id INTEGER NOT NULL PRIMARY KEY, name {text} NOT NULL); \
         CREATE TABLE moments (id INTEGER NOT NULL PRIMARY KEY, name {text} NOT NULL); \
         CREATE TABLE jobs (id INTEGER NOT NULL PRIMARY KEY, name {text} NOT NULL, state {text} NOT NULL, version INTEGER NOT NULL DEFAULT 1)"
            .into()
    },
    schema: |_| handleref::schema![Entry, Counter, Moment, Job],
    rows: "INSERT INTO entries (title) VALUES ('a'); INSERT INTO counters (id, name) VALUES (1, 'a'); \
           INSERT INTO moments (id, name) VALUES (1, 'a'); INSERT INTO jobs (id, name, state) VALUES (1, 'a', 'queued')",
};
