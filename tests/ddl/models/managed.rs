//! Versions, timestamps and soft delete without a history: columns, indexes and guards.

use super::Group;
use chrono::NaiveDateTime;
use diesel::backend::Backend;
use diesel::deserialize::{FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{Output, ToSql};
use diesel::sql_types::Text;
use diesel::{Identifiable, Queryable, Selectable};
use handleref::{Executor, HandleRef, Hooks};

diesel::table! {
    topics (id) {
        id -> Integer,
        parent_id -> Nullable<Integer>,
        name -> Text,
        status -> Nullable<Text>,
        created -> Timestamp,
        updated -> Timestamp,
    }
}
diesel::table! {
    notes (id) {
        id -> Integer,
        topic_id -> Nullable<Integer>,
        title -> Text,
        slug -> Text,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    /// Names that need quotes, and roles that no name shows.
    #[sql_name = "order"]
    orders (tenant, number) {
        #[sql_name = "ten'ant \"x\" `y`"]
        tenant -> Integer,
        #[sql_name = "select"]
        number -> Integer,
        note_id -> Integer,
        price -> Integer,
        total -> Nullable<Integer>,
        version -> Integer,
        #[sql_name = "révision"]
        rev -> Integer,
        made -> Timestamp,
        touched -> Timestamp,
        gone -> Nullable<Timestamp>,
    }
}
diesel::table! {
    items (id) {
        id -> Integer,
        tenant -> Integer,
        number -> Integer,
        name -> Text,
        state -> Text,
        version -> SmallInt,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    stamps (id) {
        id -> Integer,
        label -> Text,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}
diesel::table! {
    counts (id) {
        id -> Integer,
        version -> BigInt,
    }
}
diesel::table! {
    flags (id) {
        id -> Integer,
        name -> Text,
        status -> Text,
    }
}

/// A tree of families; deleted by the status that django-handleref has.
#[derive(Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = topics)]
#[handleref(
    cascade(Topic, Note),
    parent(Topic, foreign_key = parent_id),
    unique(parent_id, name)
)]
pub struct Topic {
    pub id: i32,
    pub parent_id: Option<i32>,
    pub name: String,
    #[handleref(status)]
    pub status: Option<String>,
    pub created: NaiveDateTime,
    pub updated: NaiveDateTime,
}

/// Every role by its usual name, in a table that has none of them yet.
#[derive(Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = notes)]
#[handleref(
    tag = "note",
    options(feed = "no"),
    unique(topic_id, slug),
    parent(Topic),
    hooks
)]
pub struct Note {
    pub id: i32,
    pub topic_id: Option<i32>,
    #[handleref(unique)]
    pub title: String,
    pub slug: String,
    pub version: i64,
    pub created_at: NaiveDateTime,
    pub updated_at: NaiveDateTime,
    pub deleted_at: Option<NaiveDateTime>,
}

impl<C: Executor> Hooks<C> for Note {}

/// Another struct of the same table.
#[derive(Queryable, Selectable, HandleRef)]
#[diesel(table_name = notes)]
#[handleref(secondary, crate = ::handleref, unique(slug))]
pub struct Slug {
    pub id: i32,
    pub slug: String,
    pub deleted_at: Option<NaiveDateTime>,
}

#[derive(Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = orders, primary_key(tenant, number))]
#[handleref(cascade(Item), unique(price, note_id))]
pub struct Order {
    pub tenant: i32,
    pub number: i32,
    pub note_id: i32,
    pub price: i32,
    #[handleref(generated)]
    pub total: Option<i32>,
    #[handleref(skip)]
    pub version: i32,
    #[handleref(version, index)]
    pub rev: i32,
    #[handleref(created_at)]
    pub made: NaiveDateTime,
    #[handleref(updated_at, index)]
    pub touched: NaiveDateTime,
    #[handleref(deleted_at)]
    pub gone: Option<NaiveDateTime>,
}

/// A status that Rust knows by variants, and the database by texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub enum State {
    Open,
    Gone,
}

impl<DB> ToSql<Text, DB> for State
where
    DB: Backend,
    str: ToSql<Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> diesel::serialize::Result {
        match self {
            Self::Open => "open".to_sql(out),
            Self::Gone => "gone".to_sql(out),
        }
    }
}

impl<DB> FromSql<Text, DB> for State
where
    DB: Backend,
    String: FromSql<Text, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
        match String::from_sql(bytes)?.as_str() {
            "open" => Ok(Self::Open),
            "gone" => Ok(Self::Gone),
            other => Err(other.into()),
        }
    }
}

/// A status and `deleted_at` beside it, and a small version.
#[derive(Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = items)]
#[handleref(parent(Order, foreign_key = (tenant, number)))]
pub struct Item {
    pub id: i32,
    pub tenant: i32,
    pub number: i32,
    #[handleref(unique)]
    pub name: String,
    #[handleref(status(deleted = State::Gone, live = State::Open))]
    pub state: State,
    pub version: i16,
    pub deleted_at: Option<NaiveDateTime>,
}

/// No version: `updated_at` tells who knows what he does.
#[derive(Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = stamps)]
pub struct Stamp {
    pub id: i32,
    pub label: String,
    pub created_at: NaiveDateTime,
    pub updated_at: NaiveDateTime,
}

/// A version and nothing else; the column is there, without a default.
#[derive(Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = counts)]
pub struct Count {
    pub id: i32,
    pub version: i64,
}

/// Nothing in the row could set off a guard.
#[derive(Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = flags)]
pub struct Flag {
    pub id: i32,
    #[handleref(unique)]
    pub name: String,
    #[handleref(status(deleted = "it's über", live = "up"))]
    pub status: String,
}

pub const GROUP: Group = Group {
    tables: |place| {
        let automatic = place.server.pick("", "", " ON UPDATE CURRENT_TIMESTAMP(6)");
        format!(
            "CREATE TABLE topics (id INTEGER NOT NULL PRIMARY KEY, parent_id INTEGER, name {{text}} NOT NULL, status {{text}}); \
             CREATE TABLE notes (id INTEGER NOT NULL PRIMARY KEY, topic_id INTEGER, title {{text}} NOT NULL, slug {{text}} NOT NULL); \
             CREATE TABLE [order] ({tenant} INTEGER NOT NULL, [select] INTEGER NOT NULL, note_id INTEGER NOT NULL, price INTEGER NOT NULL, \
             total INTEGER GENERATED ALWAYS AS (price * 2) STORED, version INTEGER NOT NULL DEFAULT 0, made {{time}} NOT NULL, \
             PRIMARY KEY ({tenant}, [select])); \
             CREATE TABLE items (id INTEGER NOT NULL PRIMARY KEY, tenant INTEGER NOT NULL, number INTEGER NOT NULL, name {{text}} NOT NULL, \
             state {{text}} NOT NULL, extra {{text}}); \
             CREATE TABLE stamps (id INTEGER NOT NULL PRIMARY KEY, label {{text}} NOT NULL, updated_at {{time}} NOT NULL DEFAULT CURRENT_TIMESTAMP{precise}{automatic}); \
             CREATE TABLE counts (id INTEGER NOT NULL PRIMARY KEY, version BIGINT NOT NULL); \
             CREATE TABLE flags (id INTEGER NOT NULL PRIMARY KEY, name {{text}} NOT NULL, status {{text}} NOT NULL)",
            tenant = place.server.pick(
                "\"ten'ant \"\"x\"\" `y`\"",
                "\"ten'ant \"\"x\"\" `y`\"",
                "`ten'ant \"x\" ``y```"
            ),
            precise = place.server.pick("", "", "(6)"),
        )
    },
    schema: |_| handleref::schema![Topic, Note, Slug, Order, Item, Stamp, Count, Flag],
    rows: "",
};
