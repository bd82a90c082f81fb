//! Columns of many types, names that need quotes or are too long, keys that are
//! compared in a way of their own, and rows that are as large as can be.

use super::Group;
use crate::place::Server;
use diesel::{Identifiable, Queryable, Selectable};
use handleref::{HandleRef, Recorded};

diesel::table! {
    #[sql_name = "values of \"many\" kinds, and a name that is too long"]
    kinds (key) {
        key -> Text,
        data -> Nullable<Text>,
        #[sql_name = "it's \\ it"]
        kind -> Nullable<Text>,
        amount -> Nullable<Text>,
        raw -> Nullable<Text>,
        #[sql_name = "group"]
        tags -> Nullable<Text>,
        place -> Nullable<Text>,
        short -> Nullable<Text>,
        span -> Nullable<Text>,
        uid -> Nullable<Text>,
        bits -> Nullable<Text>,
        computed -> Nullable<Text>,
        version -> BigInt,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    strict (id) {
        id -> Integer,
        thing -> Nullable<Text>,
        version -> Integer,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}
diesel::table! {
    wide (key) {
        key -> Text,
        long -> Nullable<Text>,
    }
}

/// What the columns are is said by the tables.
#[derive(Queryable, Selectable, Identifiable, HandleRef, Recorded)]
#[diesel(table_name = kinds, primary_key(key))]
#[handleref(unique(short, uid))]
#[recorded(table_name = "history of \"many\" kinds, under a name that is too long")]
pub struct Kind {
    pub key: String,
    pub data: Option<String>,
    #[recorded(redact)]
    pub kind: Option<String>,
    pub amount: Option<String>,
    pub raw: Option<String>,
    #[recorded(skip)]
    pub tags: Option<String>,
    pub place: Option<String>,
    pub short: Option<String>,
    pub span: Option<String>,
    pub uid: Option<String>,
    pub bits: Option<String>,
    #[handleref(generated)]
    pub computed: Option<String>,
    pub version: i64,
    pub deleted_at: Option<chrono::NaiveDateTime>,
}

/// A strict table, where SQLite knows them.
#[derive(Queryable, Selectable, Identifiable, HandleRef, Recorded)]
#[diesel(table_name = strict)]
pub struct Strict {
    pub id: i32,
    pub thing: Option<String>,
    pub version: i32,
    pub created_at: chrono::NaiveDateTime,
    pub updated_at: chrono::NaiveDateTime,
}

/// A key that fills an index, and a row that is as large as MySQL takes it.
#[derive(Queryable, Selectable, Recorded)]
#[diesel(table_name = wide, primary_key(key))]
pub struct Wide {
    pub key: String,
    pub long: Option<String>,
}

/// Times with a zone, where the engine has them.
macro_rules! zoned {
    ($feature:literal $name:ident $sql:ident) => {
        #[cfg(feature = $feature)]
        mod $name {
            use diesel::{Identifiable, Queryable, Selectable};
            use handleref::{HandleRef, Recorded};

            diesel::table! {
                zoned (id) {
                    id -> Integer,
                    created_at -> $sql,
                    updated_at -> $sql,
                    deleted_at -> Nullable<$sql>,
                }
            }

            #[derive(Queryable, Selectable, Identifiable, HandleRef, Recorded)]
            #[diesel(table_name = zoned)]
            pub struct Zoned {
                pub id: i32,
                pub created_at: chrono::DateTime<chrono::Utc>,
                pub updated_at: chrono::DateTime<chrono::Utc>,
                pub deleted_at: Option<chrono::DateTime<chrono::Utc>>,
            }
        }
    };
}
zoned!("sqlite" in_text TimestamptzSqlite);
zoned!("postgres" on_postgres Timestamptz);

const TABLES: [&str; 3] = [
    "CREATE TABLE [values of \"\"many\"\" kinds, and a name that is too long] (key VARCHAR(20) NOT NULL COLLATE NOCASE PRIMARY KEY, \
     data TEXT COLLATE RTRIM, [it's \\ it] VARCHAR(10), amount NUMERIC(10, 2), raw BLOB, [group] TEXT, place REAL, short CHAR(4) NOT NULL, \
     span DATETIME, uid BLOB, bits BOOLEAN, computed TEXT GENERATED ALWAYS AS (upper(data)) STORED, unknown ANY); \
     CREATE TABLE strict (id INTEGER NOT NULL PRIMARY KEY, thing ANY) STRICT; \
     CREATE TABLE wide (key TEXT NOT NULL PRIMARY KEY, long TEXT); \
     CREATE TABLE zoned (id INTEGER NOT NULL PRIMARY KEY, created_at TIMESTAMPTZ NOT NULL)",
    "SELECT pg_advisory_xact_lock(20251); CREATE SCHEMA IF NOT EXISTS handleref_types; \
     CREATE EXTENSION IF NOT EXISTS citext SCHEMA handleref_types; \
     CREATE TYPE mood AS ENUM ('happy', 'sad'); CREATE DOMAIN shortest AS VARCHAR(4); CREATE DOMAIN shorter AS shortest NOT NULL; \
     CREATE TABLE [values of \"\"many\"\" kinds, and a name that is too long] (key handleref_types.citext NOT NULL PRIMARY KEY, \
     data JSONB, [it's \\ it] mood, amount NUMERIC(10, 2), raw BYTEA, [group] _TEXT, place POINT, short shorter, \
     span INTERVAL, uid UUID, bits BIT(4), computed TEXT GENERATED ALWAYS AS (upper(data ->> 'name')) STORED, unknown VARCHAR(9) COLLATE \"C\"); \
     CREATE TABLE strict (id INTEGER NOT NULL PRIMARY KEY, thing VARCHAR(9) COLLATE \"C\"); \
     CREATE TABLE wide (key TEXT NOT NULL PRIMARY KEY, long TEXT); \
     CREATE TABLE zoned (id INTEGER NOT NULL PRIMARY KEY, created_at TIMESTAMP WITH TIME ZONE NOT NULL)",
    "CREATE TABLE [values of \"many\" kinds, and a name that is too long] ([key] VARCHAR(20) NOT NULL COLLATE utf8mb4_unicode_ci PRIMARY KEY, \
     data JSON, [it's \\ it] ENUM('happy', 's''ad'), amount DECIMAL(10, 2), raw VARBINARY(300), [group] SET('a', 'b'), place POINT, \
     short CHAR(4) CHARACTER SET latin1 NOT NULL, span TIME(3), uid BINARY(16), bits BIT(4), \
     computed VARCHAR(20) GENERATED ALWAYS AS (upper([key])) STORED, unknown DOUBLE); \
     CREATE TABLE strict (id INTEGER NOT NULL PRIMARY KEY, thing TEXT); \
     CREATE TABLE wide ([key] VARCHAR(768) NOT NULL PRIMARY KEY, [long] VARCHAR(15590))",
];

pub const GROUP: Group = Group {
    tables: |place| {
        let [sqlite, postgres, mysql] = TABLES;
        place.server.pick(sqlite, postgres, mysql).to_owned()
    },
    schema: |place| match place.server {
        #[cfg(feature = "sqlite")]
        Server::Sqlite => handleref::schema![Kind, Strict, Wide, in_text::Zoned],
        #[cfg(feature = "postgres")]
        Server::Postgres => handleref::schema![Kind, Strict, Wide, on_postgres::Zoned],
        _ => handleref::schema![Kind, Strict, Wide],
    },
    rows: "",
};
