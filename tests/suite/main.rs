//! What holds on every engine: each behaviour is written once and runs on
//! SQLite, PostgreSQL and MySQL/MariaDB, under Diesel and under diesel-async.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

mod support;

#[cfg(feature = "async")]
mod cancellation;
mod cascade;
mod computed;
mod concurrency;
mod hooks;
mod keys;
mod maintain;
mod names;
mod orphans;
mod past;
#[cfg(feature = "r2d2")]
mod pools;
mod prepared;
mod properties;
mod reading;
mod relatives;
mod replay;
mod resurrect;
mod roundtrips;
mod rows;
mod schema;
mod status;
mod status_families;
mod timestamps;
mod verbs;
mod windows;
