//! What holds on every engine: each behaviour is written once and runs on
//! SQLite, PostgreSQL and MySQL/MariaDB, under Diesel and under diesel-async.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, unreachable_pub)]

mod support;

mod cascade;
mod concurrency;
mod hooks;
mod reading;
mod rows;
mod status;
mod verbs;
