//! Models of the feed: with and without a parent, with hooks, with other keys.

use crate::support::{Db, Engine};
use chrono::{NaiveDate, NaiveDateTime};
use diesel::{AsChangeset, Identifiable, Insertable, Queryable, Selectable};
use handleref::feed::{Changed, Database, Diff, Feed, Parent};
use handleref::{HandleRef, Operation, Recorded};
use serde::Serialize;
use serde_json::{Value, json};

diesel::table! {
    questions (id) {
        id -> Integer,
        text -> Text,
        asked_at -> Nullable<Timestamp>,
        asked_on -> Nullable<Date>,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    choices (id) {
        id -> Integer,
        question_id -> Nullable<Integer>,
        text -> Text,
        votes -> Integer,
    }
}
diesel::table! {
    memos (id) {
        id -> Integer,
        title -> Text,
        body -> Nullable<Text>,
        secret -> Nullable<Text>,
    }
}
diesel::table! {
    seats (hall, number) {
        hall -> Text,
        number -> Integer,
        color -> Text,
    }
}
diesel::table! {
    pages (slug) {
        slug -> Text,
        up_slug -> Nullable<Text>,
        text -> Text,
    }
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
pub struct Question {
    pub id: i32,
    pub text: String,
    pub asked_at: Option<NaiveDateTime>,
    pub asked_on: Option<NaiveDate>,
    #[diesel(skip_update)]
    pub version: i64,
    #[diesel(skip_update)]
    pub created_at: NaiveDateTime,
    #[diesel(skip_update)]
    pub updated_at: NaiveDateTime,
    #[diesel(skip_update)]
    pub deleted_at: Option<NaiveDateTime>,
}
impl Feed for Question {}

/// Told under its question, if it has one.
#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Insertable, Recorded)]
#[diesel(belongs_to(Question))]
pub struct Choice {
    pub id: i32,
    pub question_id: Option<i32>,
    pub text: String,
    pub votes: i32,
}
impl Feed for Choice {
    fn parent() -> Option<Parent> {
        Some(Parent::of::<Question, Self>())
    }
}

/// Drafts are not told; of a new title, what it was and is.
#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Insertable, Recorded)]
pub struct Memo {
    pub id: i32,
    pub title: String,
    pub body: Option<String>,
    #[recorded(redact)]
    pub secret: Option<String>,
}
impl Feed for Memo {
    fn diff(change: &Changed<'_, Self>) -> Option<Value> {
        if change.new.title.starts_with("draft") {
            return None;
        }
        match (change.field("title"), change.old) {
            (Some(title), Some(old)) => {
                assert_eq!(title.old, old.title);
                assert_eq!(change.operation, Operation::Update);
                Some(json!({ "was": old.title, "is": title.new, "created": change.created }))
            }
            // Empty is nothing.
            _ if change.field("body").is_some_and(|body| body.new == "hush") => Some(json!({})),
            _ => Some(change.default_data()),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Insertable, Recorded)]
#[diesel(primary_key(hall, number))]
pub struct Seat {
    pub hall: String,
    pub number: i32,
    pub color: String,
}
impl Feed for Seat {}

/// A tree in one table: told under the page above.
#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Insertable, Recorded)]
#[diesel(primary_key(slug), belongs_to(Page, foreign_key = up_slug))]
pub struct Page {
    pub slug: String,
    pub up_slug: Option<String>,
    pub text: String,
}
impl Feed for Page {
    fn parent() -> Option<Parent> {
        Some(Parent::by::<Self, Self, _>(pages::up_slug))
    }
}

pub type All = (Question, Choice, Memo, Seat, Page);

pub const STORE: Database<All> = Database::new();

pub fn tables(db: &Db) {
    db.create(
        "CREATE TABLE questions (id {KEY} PRIMARY KEY, text {TEXT} NOT NULL, asked_at {TIME}, asked_on DATE)",
    );
    db.create(
        "CREATE TABLE choices (id {KEY} PRIMARY KEY, question_id INTEGER, text {TEXT} NOT NULL, \
         votes INTEGER NOT NULL DEFAULT 0, FOREIGN KEY (question_id) REFERENCES questions (id))",
    );
    db.create(
        "CREATE TABLE memos (id {KEY} PRIMARY KEY, title {TEXT} NOT NULL, body {TEXT}, secret {TEXT})",
    );
    db.create(
        "CREATE TABLE seats (hall VARCHAR(40) NOT NULL, number INTEGER NOT NULL, color {TEXT} NOT NULL, \
         PRIMARY KEY (hall, number))",
    );
    db.create(
        "CREATE TABLE pages (slug VARCHAR(40) PRIMARY KEY, up_slug VARCHAR(40), text {TEXT} NOT NULL)",
    );
    db.install(&handleref::schema![Question, Choice, Memo, Seat, Page]);
}

/// Changes the records, which nobody can without opening the door to them.
pub fn behind_the_door(db: &Db, sql: &str) {
    let (open, close) = match db.engine {
        Engine::Sqlite => (
            "BEGIN; UPDATE handleref_context SET door = 1",
            "UPDATE handleref_context SET door = 0; COMMIT",
        ),
        Engine::Postgres => (
            "BEGIN; SELECT set_config('handleref.door', '1', true)",
            "COMMIT",
        ),
        Engine::Mysql => ("SET @handleref_door = 1", "SET @handleref_door = NULL"),
    };
    db.execute(&format!("{open}; {sql}; {close}"));
}

/// `update Question 1: {..}`, and under what it is, if not itself.
pub fn shown(diffs: &[Diff]) -> Vec<String> {
    let one = |it: &Diff| it.to_string().split_once(": ").unwrap().1.to_owned();
    diffs.iter().map(one).collect()
}

/// The values of a field.
pub fn told(diffs: &[Diff], field: &str) -> Vec<Value> {
    let one = |it: &Diff| it.data["fields"][field].clone();
    diffs.iter().map(one).collect()
}

/// Statements on the connection of a test.
macro_rules! run {
    ($conn:expr, $statement:expr) => {
        go!($statement.execute($conn))?
    };
}
macro_rules! sql {
    ($conn:expr, $sql:expr) => {
        batch!($conn, $sql)?
    };
}
/// A question with a text.
macro_rules! ask {
    ($conn:expr, $id:expr, $text:expr) => {
        run!(
            $conn,
            diesel::insert_into(questions::table)
                .values((questions::id.eq($id), questions::text.eq($text)))
        )
    };
}
/// A new text for a question.
macro_rules! reword {
    ($conn:expr, $id:expr, $text:expr) => {
        run!(
            $conn,
            diesel::update(questions::table.find($id)).set(questions::text.eq($text))
        )
    };
}
/// A choice of a question, if it has one.
macro_rules! offer {
    ($conn:expr, $id:expr, $question:expr, $text:expr) => {
        run!(
            $conn,
            diesel::insert_into(choices::table).values(&Choice {
                id: $id,
                question_id: $question,
                text: String::from($text),
                votes: 0,
            })
        )
    };
}
pub(crate) use {ask, offer, reword, run, sql};
