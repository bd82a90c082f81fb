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
use handleref::history::{FieldType, RecordNo};
use handleref::{AsOfDsl as _, HandleRef as _, Operation, Outcome, RowDsl as _};
use handleref::{RecordSource as _, Recorded as _};

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
        pasts (id, r#type) {
            id -> Integer,
            r#type -> Text,
            #[sql_name = "table"]
            table_ -> Integer,
            record -> Text,
            records -> Integer,
            snapshot -> Nullable<Text>,
            key -> Integer,
            at -> Nullable<Timestamp>,
            version -> BigInt,
        }
    }
    diesel::table! {
        r#type (r#try) {
            r#try -> Integer,
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

/// A module in which nothing of the past has its usual name.
#[allow(
    dead_code,
    missing_debug_implementations,
    unused_macros,
    clippy::absolute_paths
)]
mod past {
    use super::schema::{pasts, r#type};

    type Time = ::chrono::NaiveDateTime;
    type Maybe<T> = ::std::option::Option<T>;
    type Words = ::std::string::String;

    mod core {}
    mod diesel {}
    mod handleref {}
    mod serde_json {}
    mod std {}
    mod types {}

    struct BigInt;
    struct Box;
    struct Err;
    struct Filter;
    struct Integer;
    struct None;
    struct Nullable;
    struct Ok;
    struct Option;
    struct Property;
    struct Result;
    struct Some;
    struct String;
    struct Text;
    struct Vec;
    trait Clone {}
    trait Copy {}
    trait Debug {}
    trait Default {}
    trait Executor {}
    trait Expression {}
    trait Fields {}
    trait From {}
    trait HandleRef {}
    trait Record {}
    trait RecordSource {}
    trait Recorded {}
    trait Table {}

    macro_rules! hostile_macros {
        ($($name:ident)*) => { $(macro_rules! $name { () => {}; })* };
    }
    hostile_macros!(assert unreachable vec panic);

    /// Fields and properties named as what generated code has to do with.
    #[derive(::handleref::HandleRef, ::handleref::Recorded)]
    #[diesel(primary_key(id, r#type))]
    #[recorded(
        when = "\"table\" > 0",
        property(r#match: Text, sql = "upper(record)"),
        property(length: Nullable<Integer>, with = Past::computed),
        relative(r#type, on = "type.\"try\" = pasts.id"),
        validate = self::validate
    )]
    pub(crate) struct Past {
        pub(crate) id: i32,
        pub(crate) r#type: Words,
        #[diesel(column_name = table_)]
        pub(crate) table: i32,
        #[deprecated]
        pub(crate) record: Words,
        #[recorded(skip = "0")]
        pub(crate) records: i32,
        #[recorded(redact)]
        pub(crate) snapshot: Maybe<Words>,
        pub(crate) key: i32,
        #[recorded(skip)]
        pub(crate) at: Maybe<Time>,
        pub(crate) version: i64,
    }

    fn validate(_: &Past) -> ::std::result::Result<(), ::handleref::HookError> {
        ::std::result::Result::Ok(())
    }

    /// Methods named as those of the traits, with other types.
    impl Past {
        fn computed(&self) -> Maybe<i32> {
            ::std::option::Option::Some(self.key)
        }
        pub(crate) fn validate(&self) {}
        pub(crate) fn records() {}
        pub(crate) fn snapshot() {}
        pub(crate) fn history_of() {}
        pub(crate) fn record_key(&self) {}
        pub(crate) fn recorded_version(&self) {}
        pub(crate) fn values(&self) {}
        pub(crate) fn clean(&self) {}
        pub(crate) fn version(&self) {}
    }

    /// Names that are words of the language.
    #[allow(non_camel_case_types)]
    #[derive(::handleref::Recorded)]
    #[diesel(table_name = r#type, primary_key(r#try))]
    pub(crate) struct r#try {
        pub(crate) r#try: i32,
    }
}

/// Types that reach the derive inside invisible groups.
macro_rules! model {
    ($name:ident, $table:ident, $version:ty, $deleted_at:ty) => {
        /// A model out of a macro.
        #[derive(Debug, handleref::HandleRef, handleref::Recorded)]
        #[diesel(table_name = $table)]
        #[handleref(tag = "item", secondary)]
        pub(crate) struct $name {
            pub(crate) id: i32,
            pub(crate) version: $version,
            pub(crate) deleted_at: $deleted_at,
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
         INSERT INTO hostiles (id, version, created_at) VALUES (1, 1, '2026-01-01 00:00:00')",
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
    #[derive(Debug, handleref::HandleRef, handleref::Recorded)]
    #[recorded(property(double: Integer, sql = "items.version * 2"))]
    struct Item {
        id: i32,
        version: i64,
        deleted_at: Option<chrono::NaiveDateTime>,
    }
    // One struct of a `table!` has its records, so this one has its own.
    mod out_of_a_macro {
        diesel::table! {
            items (id) {
                id -> Integer,
                version -> BigInt,
                deleted_at -> Nullable<Timestamp>,
            }
        }
        model!(FromMacro, items, i64, Option<chrono::NaiveDateTime>);
    }
    use out_of_a_macro::FromMacro;

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

#[test]
#[allow(deprecated)]
fn a_hostile_past() {
    use past::{Past, PastRecords, r#try, tryRecords};
    use schema::pasts;

    let conn = &mut connect(
        "CREATE TABLE pasts (id INTEGER NOT NULL, type TEXT NOT NULL, \"table\" INTEGER NOT NULL, record TEXT NOT NULL,
             records INTEGER NOT NULL DEFAULT 0, snapshot TEXT, key INTEGER NOT NULL DEFAULT 0, at TIMESTAMP,
             version BIGINT NOT NULL DEFAULT 1, PRIMARY KEY (id, type));
         CREATE TABLE type (\"try\" INTEGER PRIMARY KEY);",
    );
    handleref::schema![Past, r#try].install(conn).unwrap();
    conn.batch_execute(
        "INSERT INTO pasts (id, type, \"table\", record) VALUES (1, 'a', 2, 'one'), (1, 'b', 0, 'none');
         INSERT INTO type VALUES (1);",
    )
    .unwrap();
    let mut row = Past {
        id: 1,
        r#type: "a".into(),
        table: 2,
        record: "two".into(),
        records: 3,
        snapshot: Some("secret".into()),
        key: 4,
        at: None,
        version: 1,
    };
    assert_eq!(row.save(conn).unwrap(), Outcome::Written);
    let history = row
        .history()
        .order(PastRecords::RECORD_ID)
        .select((
            PastRecords::OPERATION,
            PastRecords::VERSION,
            PastRecords::MATCH,
            PastRecords::LENGTH,
            pasts::table_,
            pasts::snapshot,
        ))
        .load::<(Operation, i64, String, Option<i32>, i32, Option<String>)>(conn)
        .unwrap();
    let update = (Operation::Update, 2, "TWO".to_owned(), Some(4), 2, None);
    assert_eq!(history.last(), Some(&update), "{history:?}");
    let first: i64 = <Past as handleref::Recorded>::records()
        .select(PastRecords::RECORD_ID)
        .order(PastRecords::RECORD_ID)
        .first(conn)
        .unwrap();
    assert_eq!(
        pasts::table
            .select((pasts::r#type, pasts::record))
            .as_of::<Past>(RecordNo(first))
            .load::<(String, String)>(conn)
            .unwrap(),
        [("a".to_owned(), "one".to_owned())]
    );
    let table = FieldType::for_field::<Past>("table").unwrap();
    assert_eq!(table.clean_value(Some("3")).unwrap(), 3);
    let kind = FieldType::for_field::<Past>("type").unwrap();
    assert_eq!(
        (kind.column, kind.clean_value(Some("")).unwrap()),
        ("type", "".into())
    );
    let tries = <r#try as handleref::Recorded>::history_of(1)
        .select(tryRecords::OPERATION)
        .load::<Operation>(conn);
    assert_eq!(tries.unwrap(), [Operation::Insert]);
}
