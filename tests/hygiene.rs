//! Models in hostile surroundings: whatever the user's names and lints are,
//! the generated code means what it meant.

#![cfg(feature = "sqlite")]
#![deny(
    warnings,
    future_incompatible,
    missing_debug_implementations,
    missing_docs,
    nonstandard_style,
    rust_2018_idioms,
    single_use_lifetimes,
    trivial_casts,
    unreachable_pub,
    unsafe_code,
    unused,
    unused_lifetimes,
    unused_qualifications,
    clippy::all,
    clippy::absolute_paths
)]
#![allow(clippy::unwrap_used)]

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, QueryDsl as _, RunQueryDsl as _, SqliteConnection};
use handleref::{HandleRef as _, Outcome, RowDsl as _};

/// The tables.
mod schema {
    diesel::table! {
        hostiles (id) {
            id -> Integer,
            #[sql_name = "table"]
            table_ -> Integer,
            error -> Text,
            r#type -> Nullable<Text>,
            conn -> Integer,
            out -> Integer,
            writer -> Integer,
            db -> Integer,
            version -> BigInt,
            created_at -> Timestamp,
            updated_at -> Timestamp,
            deleted_at -> Nullable<Timestamp>,
        }
    }
    diesel::table! {
        others (r#type) {
            r#type -> Text,
            status -> Text,
        }
    }
    diesel::table! {
        items (id) {
            id -> Integer,
            version -> BigInt,
            deleted_at -> Nullable<Timestamp>,
        }
    }
}

/// A module in which nothing has its usual name.
#[allow(
    dead_code,
    missing_debug_implementations,
    clippy::absolute_paths,
    unreachable_pub,
    unused_macros
)]
mod hostile {
    use super::schema::{hostiles, others};

    type Time = ::chrono::NaiveDateTime;
    type Maybe<T> = ::std::option::Option<T>;
    type Text = ::std::string::String;

    mod alloc {}
    mod core {}
    mod diesel {}
    mod handleref {}
    mod std {}

    struct Box;
    struct DB;
    struct Err;
    struct None;
    struct Ok;
    struct Option;
    struct Result;
    struct Some;
    struct String;
    struct Vec;
    struct C;
    struct M;
    struct T;
    trait Clone {}
    trait Copy {}
    trait Default {}
    trait From {}
    trait HandleRef {}
    trait Into {}
    trait Row {}
    trait Send {}
    trait SoftDelete {}
    trait Sync {}

    macro_rules! hostile_macros {
        ($($name:ident)*) => { $(macro_rules! $name { () => {}; })* };
    }
    hostile_macros!(assert unreachable vec panic);

    /// Fields named as what generated code has to do with.
    #[derive(::handleref::HandleRef)]
    #[handleref(unique(error, r#type), options(r#type = "x"))]
    pub struct Hostile {
        pub id: i32,
        #[diesel(column_name = table_)]
        pub table: i32,
        pub error: Text,
        pub r#type: Maybe<Text>,
        pub conn: i32,
        pub out: i32,
        pub writer: i32,
        #[deprecated]
        pub db: i32,
        pub version: i64,
        pub created_at: Time,
        pub updated_at: Time,
        pub deleted_at: Maybe<Time>,
    }

    /// Methods named as those of the traits, with other types.
    impl Hostile {
        pub fn key(&self) {}
        pub fn version(&self) {}
        pub fn deleted_mark(&self) {}
        pub fn is_live() {}
        pub fn table() {}
        pub fn scope() {}
        pub fn status() {}
    }

    /// A second model of the module, by status.
    #[derive(::handleref::HandleRef)]
    #[diesel(primary_key(r#type))]
    #[handleref(tag = "other")]
    pub struct Other {
        pub r#type: Text,
        #[handleref(status(deleted = "removed", live = "there"))]
        pub status: Text,
    }
}

/// Types that reach the derive inside invisible groups.
macro_rules! model {
    ($name:ident, $table:ident, $version:ty, $deleted_at:ty) => {
        /// A model out of a macro.
        #[derive(Debug, handleref::HandleRef)]
        #[diesel(table_name = $table)]
        #[handleref(tag = "item", secondary)]
        struct $name {
            id: i32,
            version: $version,
            deleted_at: $deleted_at,
        }
    };
}

fn connect(schema: &str) -> SqliteConnection {
    let mut conn = SqliteConnection::establish(":memory:").unwrap();
    conn.batch_execute(schema).unwrap();
    conn
}

#[test]
#[allow(deprecated)]
fn hostile_names() {
    let conn = &mut connect(
        "CREATE TABLE hostiles (id INTEGER PRIMARY KEY, \"table\" INTEGER, error TEXT, type TEXT, conn INTEGER, out INTEGER,
             writer INTEGER, db INTEGER, version BIGINT, created_at TIMESTAMP, updated_at TIMESTAMP, deleted_at TIMESTAMP);
         INSERT INTO hostiles (id, version) VALUES (1, 1)",
    );
    let now = chrono::NaiveDateTime::default();
    let mut row = hostile::Hostile {
        id: 1,
        table: 2,
        error: "none".into(),
        r#type: None,
        conn: 3,
        out: 4,
        writer: 5,
        db: 6,
        version: 1,
        created_at: now,
        updated_at: now,
        deleted_at: None,
    };
    assert_eq!(row.save(conn).unwrap(), Outcome::Written);
    assert_eq!(row.save(conn).unwrap(), Outcome::Unchanged);
    assert_eq!(row.delete(conn).unwrap(), Outcome::Written);
    assert_eq!((row.version, row.deleted_at.is_some()), (3, true));
    assert_eq!(hostile::Hostile::UNIQUE, [["error", "type"]]);
    assert_eq!(hostile::Hostile::option("type"), Some("x"));
}

#[test]
fn a_hostile_status() {
    let conn = &mut connect(
        "CREATE TABLE others (type TEXT PRIMARY KEY, status TEXT NOT NULL); INSERT INTO others VALUES ('a', 'new')",
    );
    let mut row = hostile::Other {
        r#type: "a".into(),
        status: "new".into(),
    };
    row.delete(conn).unwrap();
    assert_eq!(row.status, "removed");
    row.restore(conn).unwrap();
    assert_eq!(row.status, "there");
    assert_eq!(
        hostile::Other::undeleted()
            .select(schema::others::r#type)
            .first::<String>(conn)
            .unwrap(),
        "a"
    );
}

#[test]
fn a_model_in_a_function_and_out_of_a_macro() {
    use schema::items;

    /// A model of the function.
    #[derive(Debug, handleref::HandleRef)]
    struct Item {
        id: i32,
        version: i64,
        deleted_at: Option<chrono::NaiveDateTime>,
    }
    model!(FromMacro, items, i64, Option<chrono::NaiveDateTime>);

    let conn = &mut connect(
        "CREATE TABLE items (id INTEGER PRIMARY KEY, version BIGINT, deleted_at TIMESTAMP); INSERT INTO items VALUES (1, 1, NULL)",
    );
    let mut item = Item {
        id: 1,
        version: 1,
        deleted_at: None,
    };
    item.delete(conn).unwrap();
    assert!(item.deleted_at.is_some());
    let mut item = FromMacro {
        id: item.id,
        version: item.version,
        deleted_at: item.deleted_at,
    };
    item.restore(conn).unwrap();
    assert_eq!((item.version, item.deleted_at), (3, None));
}
