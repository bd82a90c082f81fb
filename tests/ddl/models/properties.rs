//! Values that are computed for records, and the tables on which they depend.

use super::Group;
use diesel::{Identifiable, Queryable, Selectable};
use handleref::{HandleRef, Recorded};

diesel::table! {
    threads (id) {
        id -> Integer,
        title -> Text,
        secret -> Nullable<Text>,
        version -> BigInt,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    boards (site, name) {
        site -> Integer,
        name -> Text,
        motto -> Nullable<Text>,
    }
}
diesel::table! {
    replies (id) {
        id -> Integer,
        thread_id -> Nullable<Integer>,
        body -> Nullable<Text>,
    }
}
diesel::table! {
    #[sql_name = "like"]
    likes (id) {
        id -> Integer,
        thread_id -> Integer,
    }
}

/// Properties of every type, by SQL and by functions, and two relatives.
#[derive(Queryable, Selectable, Identifiable, HandleRef, Recorded)]
#[diesel(table_name = threads)]
#[recorded(
    property(replies: BigInt, sql = "(SELECT count(*) FROM replies WHERE replies.thread_id = threads.id)"),
    property(words: Nullable<Integer>, with = Thread::words),
    property(first: Nullable<Text>, with = Thread::first),
    property(shout: Text, sql = "upper(threads.title)"),
    property(flag: Bool, sql = "1 = 1"),
    property(small: SmallInt, sql = "CASE WHEN title = 'a' THEN 1 END"),
    property(single: Float, sql = "0.5"),
    property(ratio: Nullable<Double>, with = Thread::ratio),
    property(bytes: Nullable<Binary>, sql = "NULL"),
    property(day: Nullable<Date>, sql = "NULL"),
    property(moment: Nullable<Timestamp>, sql = "threads.deleted_at"),
    relative(replies, on = "replies.thread_id = threads.id"),
    relative(likes, on = "threads.id = thread_id"),
    when = "threads.title <> ''"
)]
pub struct Thread {
    pub id: i32,
    pub title: String,
    #[recorded(redact)]
    pub secret: Option<String>,
    pub version: i64,
    pub deleted_at: Option<chrono::NaiveDateTime>,
}

impl Thread {
    fn words(&self) -> i32 {
        i32::try_from(self.title.split_whitespace().count()).unwrap_or(i32::MAX)
    }
    fn first(&self) -> Option<String> {
        self.title.split_whitespace().next().map(str::to_owned)
    }
    fn ratio(&self) -> f64 {
        f64::from(self.words()) / 2.0
    }
}

/// A key of two columns, no version, and the same relative.
#[derive(Queryable, Selectable, Recorded)]
#[diesel(table_name = boards, primary_key(site, name))]
#[recorded(
    property(replies: Integer, sql = "(SELECT count(*) FROM replies WHERE body = boards.motto)"),
    relative(replies, on = "replies.body = boards.motto")
)]
pub struct Board {
    pub site: i32,
    pub name: String,
    pub motto: Option<String>,
}

pub const GROUP: Group = Group {
    tables: |place| {
        format!(
            "CREATE TABLE threads (id INTEGER NOT NULL PRIMARY KEY, title {{text}} NOT NULL, secret {{text}}); \
             CREATE TABLE boards (site INTEGER NOT NULL, name {{text}} NOT NULL, motto {{text}}, PRIMARY KEY (site, name)); \
             CREATE TABLE replies (id INTEGER NOT NULL PRIMARY KEY, thread_id INTEGER, body {long}); \
             CREATE TABLE [like] (id INTEGER NOT NULL PRIMARY KEY, thread_id INTEGER NOT NULL)",
            long = place.server.pick("TEXT", "TEXT", "LONGTEXT"),
        )
    },
    schema: |_| handleref::schema![Thread, Board],
    rows: "INSERT INTO threads (id, title) VALUES (1, 'a'); INSERT INTO boards (site, name) VALUES (1, 'a')",
};
