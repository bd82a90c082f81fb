//! A table in another schema (database, attached file) than the default one,
//! which the model names.

use super::Group;
use diesel::{Identifiable, Queryable, Selectable};
use handleref::schema::{ModelSchema, Schema};
use handleref::{HandleRef, Recorded};

diesel::table! {
    books (id) {
        id -> Integer,
        title -> Text,
        pages -> Nullable<Integer>,
        version -> BigInt,
        updated_at -> Timestamp,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    loans (id) {
        id -> Integer,
        book_id -> Integer,
    }
}

#[derive(Queryable, Selectable, Identifiable, HandleRef, Recorded)]
#[diesel(table_name = books)]
#[recorded(
    property(loans: BigInt, sql = "(SELECT count(*) FROM loans WHERE loans.book_id = books.id)"),
    relative(loans, on = "loans.book_id = books.id"),
    require_changeset
)]
pub struct Book {
    pub id: i32,
    #[handleref(unique)]
    pub title: String,
    #[recorded(skip = "0")]
    pub pages: Option<i32>,
    pub version: i64,
    pub updated_at: chrono::NaiveDateTime,
    pub deleted_at: Option<chrono::NaiveDateTime>,
}

pub const GROUP: Group = Group {
    tables: |place| {
        let far = place.far();
        format!(
            "CREATE TABLE {far}.books (id INTEGER NOT NULL PRIMARY KEY, title {{text}} NOT NULL, pages INTEGER); \
             CREATE TABLE {far}.loans (id INTEGER NOT NULL PRIMARY KEY, book_id INTEGER NOT NULL)"
        )
    },
    schema: |place| {
        // As the schema's name differs in each run, no `table!` can say it.
        let name = format!("`{}`.`books`", place.far());
        Schema::new([
            ModelSchema::described("Book", &name, Book::ROLES, Book::KEY_COLUMNS)
                .with_unique(Book::UNIQUE)
                .with_recording(Book::RECORDING),
        ])
    },
    rows: "",
};
