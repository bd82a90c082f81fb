//! A question and its choices, whose diffs are put under the question.

use crate::support::Db;
use diesel::{Insertable, Queryable, Selectable};
use handleref::Recorded;
use handleref::feed::{Changed, Feed, Parent};
use serde::Serialize;
use serde_json::{Value, json};

diesel::table! { questions (id) { id -> Integer, text -> Text, asked -> Nullable<Timestamp>, } }
diesel::table! { choices (id) { id -> Integer, question_id -> Nullable<Integer>, label -> Text, votes -> Integer, } }
diesel::table! { notes (id) { id -> Integer, text -> Text, } }

#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Insertable, Recorded)]
#[recorded(notify)]
pub struct Question {
    pub id: i32,
    pub text: String,
    pub asked: Option<chrono::NaiveDateTime>,
}

impl Feed for Question {}

#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Insertable, Recorded)]
#[diesel(table_name = choices, belongs_to(Question))]
#[recorded(notify)]
pub struct Choice {
    pub id: i32,
    pub question_id: Option<i32>,
    pub label: String,
    pub votes: i32,
}

impl Feed for Choice {
    fn parent() -> Option<Parent> {
        Some(Parent::of::<Question, Self>())
    }
}

/// Says what it was, and nothing at all of some.
#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Insertable, Recorded)]
pub struct Note {
    pub id: i32,
    pub text: String,
}

impl Feed for Note {
    fn diff(change: &Changed<'_, Self>) -> Option<Value> {
        let was = change.old.map(|old| &old.text);
        (change.new.text != "secret").then(|| json!({ "was": was, "is": change.new.text }))
    }
}

pub type All = (Question, Choice, Note);

/// Their tables, recorded.
pub fn recorded(db: &Db) {
    db.create("CREATE TABLE questions (id {KEY} PRIMARY KEY, text {TEXT} NOT NULL, asked {TIME})");
    db.create(
        "CREATE TABLE choices (id {KEY} PRIMARY KEY, question_id INTEGER, label {TEXT} NOT NULL, \
         votes INTEGER NOT NULL DEFAULT 0)",
    );
    db.create("CREATE TABLE notes (id {KEY} PRIMARY KEY, text {TEXT} NOT NULL)");
    db.install(&handleref::schema![Question, Choice, Note]);
}
