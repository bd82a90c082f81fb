//! Changes that are recorded together.

use crate::support::{Db, Engine};
use chrono::NaiveDateTime;
use diesel::prelude::ExpressionMethods;
use diesel::{Identifiable, QueryDsl, Queryable, Selectable, SelectableHelper};
use handleref::changeset::{ChangesetNo, current_changeset, open_changeset};
use handleref::maintain::without_recording_async;
use handleref::prelude::*;
use handleref::{Changeset, Error, Operation, in_changeset_async};
use serde::Serialize;

diesel::table! {
    shelves (id) {
        id -> Integer,
        name -> Text,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    books (id) {
        id -> Integer,
        shelf_id -> Nullable<Integer>,
        title -> Text,
        owner -> Text,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::joinable!(books -> shelves (shelf_id));
diesel::allow_tables_to_appear_in_same_query!(shelves, books);

diesel::table! {
    handleref_changesets (id) {
        id -> BigInt,
        occurred_at -> Timestamp,
        actor -> Nullable<Text>,
        actor_kind -> Nullable<Text>,
        comment -> Nullable<Text>,
        correlation_id -> Nullable<Text>,
        metadata -> Nullable<Text>,
        undoes -> Nullable<BigInt>,
        first_record -> BigInt,
        last_record -> Nullable<BigInt>,
    }
}

/// The root of a family.
#[derive(
    Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Identifiable, HandleRef, Recorded,
)]
#[diesel(table_name = shelves)]
#[handleref(cascade(Book))]
struct Shelf {
    id: i32,
    name: String,
    version: i64,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
    deleted_at: Option<NaiveDateTime>,
}

/// Its children; `owner` says who wrote the row.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Serialize,
    Queryable,
    Selectable,
    Identifiable,
    diesel::AsChangeset,
    HandleRef,
    Recorded,
)]
#[diesel(table_name = books)]
#[handleref(parent(Shelf))]
struct Book {
    id: i32,
    shelf_id: Option<i32>,
    title: String,
    owner: String,
    #[diesel(skip_update)]
    version: i64,
    #[diesel(skip_update)]
    created_at: NaiveDateTime,
    #[diesel(skip_update)]
    updated_at: NaiveDateTime,
    #[diesel(skip_update)]
    deleted_at: Option<NaiveDateTime>,
}

/// A changeset, as its row has it.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable)]
#[diesel(table_name = handleref_changesets)]
struct Stored {
    id: i64,
    occurred_at: NaiveDateTime,
    actor: Option<String>,
    actor_kind: Option<String>,
    comment: Option<String>,
    correlation_id: Option<String>,
    metadata: Option<String>,
    undoes: Option<i64>,
    first_record: i64,
    last_record: Option<i64>,
}

/// `shelves`, `books` and `ledgers`, recorded.
fn tables(db: &Db) {
    db.create("CREATE TABLE shelves (id {KEY} PRIMARY KEY, name {TEXT} NOT NULL)");
    db.create(
        "CREATE TABLE books (id {KEY} PRIMARY KEY, shelf_id INTEGER, title {TEXT} NOT NULL, owner {TEXT} NOT NULL)",
    );
    db.create("CREATE TABLE ledgers (id {KEY} PRIMARY KEY, amount INTEGER NOT NULL)");
    db.install(&handleref::schema![Shelf, Book, required::Ledger]);
}

/// What ends a closure with an error.
fn refused() -> Error {
    Error::Database(diesel::result::Error::RollbackTransaction)
}

macro_rules! shelf {
    ($conn:expr, $id:expr) => {
        go!(diesel::insert_into(shelves::table)
            .values((shelves::id.eq($id), shelves::name.eq("shelf")))
            .execute($conn))?
    };
}

/// Inserts a book on no shelf.
macro_rules! book {
    ($conn:expr, $id:expr) => {
        book!($conn, $id, format!("{}", $id))
    };
    ($conn:expr, $id:expr, $title:expr) => {
        go!(diesel::insert_into(books::table)
            .values((
                books::id.eq($id),
                books::title.eq($title),
                books::owner.eq("nobody")
            ))
            .execute($conn))?
    };
}

macro_rules! rename {
    ($conn:expr, $id:expr, $title:expr) => {
        go!(diesel::update(books::table.find($id))
            .set(books::title.eq($title))
            .execute($conn))?
    };
}

macro_rules! load_book {
    ($conn:expr, $id:expr) => {
        go!(books::table
            .find($id)
            .select(Book::as_select())
            .first::<Book>($conn))?
    };
}

/// All changesets, oldest first.
macro_rules! stored {
    ($conn:expr) => {
        go!(handleref_changesets::table
            .order(handleref_changesets::id)
            .select(Stored::as_select())
            .load::<Stored>($conn))?
    };
}

/// The records of the books, oldest first: key, operation, changeset.
macro_rules! carried {
    ($conn:expr) => {
        go!(Book::records()
            .order(BookRecords::RECORD_ID)
            .select((books::id, BookRecords::OPERATION, BookRecords::CHANGESET))
            .load::<(i32, Operation, Option<i64>)>($conn))?
    };
}

/// Each book that has an `insert`, and the changeset of that.
macro_rules! inserted {
    ($conn:expr) => {
        carried!($conn)
            .into_iter()
            .filter(|(_, operation, _)| *operation == Operation::Insert)
            .map(|(id, _, changeset)| (id, changeset))
            .collect::<Vec<_>>()
    };
}

// They use the macros above.
mod connections;
#[cfg(any(feature = "r2d2", feature = "async"))]
mod crowd;
mod erased;
mod nested;
mod once;
mod one;
mod opened;
#[cfg(any(feature = "r2d2", feature = "async"))]
mod pools;
mod required;
