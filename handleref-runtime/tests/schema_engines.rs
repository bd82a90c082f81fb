//! `schema!` on SQLite, and on PostgreSQL and MySQL or MariaDB where
//! `HANDLEREF_POSTGRES_URL` and `HANDLEREF_MYSQL_URL` say where they are.
#![cfg(all(feature = "sqlite", feature = "postgres", feature = "mysql"))]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    unreachable_pub
)]

#[path = "schema_engines/models.rs"]
mod models;
#[path = "schema_engines/support.rs"]
mod support;

#[path = "schema_engines/connections.rs"]
mod connections;
#[path = "schema_engines/guard.rs"]
mod guard;
#[path = "schema_engines/install.rs"]
mod install;
#[path = "schema_engines/migrations.rs"]
mod migrations;
#[path = "schema_engines/quirks.rs"]
mod quirks;
#[path = "schema_engines/records_capture.rs"]
mod records_capture;
#[path = "schema_engines/records_install.rs"]
mod records_install;
#[path = "schema_engines/records_models.rs"]
mod records_models;
#[path = "schema_engines/records_mysql.rs"]
mod records_mysql;
#[path = "schema_engines/records_older.rs"]
mod records_older;
#[path = "schema_engines/records_postgres.rs"]
mod records_postgres;
#[path = "schema_engines/records_sqlite.rs"]
mod records_sqlite;
#[path = "schema_engines/speed.rs"]
mod speed;
