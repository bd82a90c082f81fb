//! The diff feed over the records of the database, on every engine, synchronous
//! and asynchronous.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::needless_question_mark,
    missing_docs,
    unreachable_pub
)]

#[allow(dead_code, unused_macros, unused_imports)]
#[path = "../suite/support/mod.rs"]
mod support;

mod data;
mod follow;
mod gaps;
mod models;
mod parents;
mod ranges;
