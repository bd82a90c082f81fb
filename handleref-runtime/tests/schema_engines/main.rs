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

mod connections;
mod guard;
mod install;
mod migrations;
mod models;
mod quirks;
mod records_capture;
mod records_install;
mod records_models;
mod records_mysql;
mod records_older;
mod records_postgres;
mod records_sqlite;
mod speed;
mod support;
