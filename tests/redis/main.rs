//! The feed in Redis: with a real server, on every engine.

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

mod beside;
mod cluster;
mod erase;
mod kill;
mod manage;
mod models;
mod notify;
mod prune;
mod reading;
mod relay;
mod seeds;
mod server;
mod unreadable;
