//! Recorded models, and their tables as a user's own migrations create them.

use super::{Db, Engine};
use chrono::NaiveDateTime;
use diesel::{AsChangeset, Identifiable, Insertable, Queryable, Selectable};
use handleref::{HandleRef, Recorded};
use serde::Serialize;

diesel::table! {
    authors (id) {
        id -> Integer,
        name -> Text,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    papers (id) {
        id -> Integer,
        author_id -> Nullable<Integer>,
        title -> Text,
        website -> Nullable<Text>,
        secret -> Nullable<Text>,
        views -> Integer,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    labels (paper_id, label) {
        paper_id -> Integer,
        label -> Text,
        weight -> Nullable<Integer>,
    }
}
diesel::joinable!(papers -> authors (author_id));
diesel::joinable!(labels -> papers (paper_id));
diesel::allow_tables_to_appear_in_same_query!(authors, papers, labels);
handleref::allow_records_to_appear_in_same_query!(PaperRecords, authors::table, AuthorRecords);
handleref::allow_records_to_appear_in_same_query!(AuthorRecords, papers::table);

/// The parent; its name is unique among the living.
#[derive(
    Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Identifiable, HandleRef, Recorded,
)]
#[diesel(table_name = authors)]
pub struct Author {
    pub id: i32,
    #[handleref(unique)]
    pub name: String,
    pub version: i64,
    pub created_at: NaiveDateTime,
    pub updated_at: NaiveDateTime,
    pub deleted_at: Option<NaiveDateTime>,
}

/// Every role, a field that is left out and one that is redacted.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Serialize,
    Queryable,
    Selectable,
    Identifiable,
    Insertable,
    AsChangeset,
    HandleRef,
    Recorded,
)]
#[diesel(table_name = papers)]
#[handleref(parent(Author))]
#[recorded(validate = Paper::must_have_a_title)]
pub struct Paper {
    pub id: i32,
    pub author_id: Option<i32>,
    #[handleref(unique)]
    pub title: String,
    pub website: Option<String>,
    #[recorded(redact)]
    pub secret: Option<String>,
    #[recorded(skip = "0")]
    pub views: i32,
    #[diesel(skip_insertion, skip_update)]
    pub version: i64,
    #[diesel(skip_insertion, skip_update)]
    pub created_at: NaiveDateTime,
    #[diesel(skip_insertion, skip_update)]
    pub updated_at: NaiveDateTime,
    #[diesel(skip_insertion, skip_update)]
    pub deleted_at: Option<NaiveDateTime>,
}

impl Paper {
    fn must_have_a_title(&self) -> Result<(), handleref::HookError> {
        match self.title.as_str() {
            "" => Err("a paper needs a title".into()),
            _ => Ok(()),
        }
    }
}

/// A join table: a key, no version, recorded all the same.
#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Insertable, Recorded)]
#[diesel(table_name = labels, primary_key(paper_id, label))]
#[recorded(table_name = "label_history")]
pub struct Label {
    pub paper_id: i32,
    pub label: String,
    pub weight: Option<i32>,
}

impl Db {
    /// Installs what the models need.
    pub fn install(&self, schema: &handleref::schema::Schema) {
        match self.engine {
            #[cfg(feature = "sqlite")]
            Engine::Sqlite => {
                drop(
                    schema
                        .install(&mut self.connect::<diesel::SqliteConnection>())
                        .unwrap(),
                );
            }
            #[cfg(feature = "postgres")]
            Engine::Postgres => {
                drop(
                    schema
                        .install(&mut self.connect::<diesel::PgConnection>())
                        .unwrap(),
                );
            }
            #[cfg(feature = "mysql")]
            Engine::Mysql => {
                drop(
                    schema
                        .install(&mut self.connect::<diesel::MysqlConnection>())
                        .unwrap(),
                );
            }
            #[allow(unreachable_patterns)]
            _ => unreachable!("its feature is off"),
        }
    }
}

/// `authors`, `papers` and `labels`, without what handleref adds.
pub fn bare_papers(db: &Db) {
    db.create("CREATE TABLE authors (id {KEY} PRIMARY KEY, name {TEXT} NOT NULL)");
    db.create(
        "CREATE TABLE papers (id {KEY} PRIMARY KEY, author_id INTEGER REFERENCES authors (id), \
         title {TEXT} NOT NULL, website {TEXT}, secret {TEXT}, views INTEGER NOT NULL DEFAULT 0)",
    );
    db.create(
        "CREATE TABLE labels (paper_id INTEGER NOT NULL, label VARCHAR(64) NOT NULL, weight INTEGER, \
         PRIMARY KEY (paper_id, label))",
    );
}

/// `authors`, `papers` and `labels`, recorded.
pub fn papers(db: &Db) {
    bare_papers(db);
    db.install(&handleref::schema![Author, Paper, Label]);
}

/// Rows that were there before the recording: 25 papers, and labels with keys
/// that have to be quoted.
pub fn filled(db: &Db) {
    filled_tables(db);
    db.install(&handleref::schema![Author, Paper, Label]);
}

/// The same before anything is installed.
pub fn filled_tables(db: &Db) {
    bare_papers(db);
    for id in 1..=25 {
        db.create(&format!(
            "INSERT INTO papers (id, title, secret, views) VALUES ({id}, 'old {id}', 'secret', 7)"
        ));
        for label in ["it''s", "Ä", "a,b", "{", "z"] {
            db.create(&format!(
                "INSERT INTO labels (paper_id, label) VALUES ({id}, '{label}')"
            ));
        }
    }
}
