//! Mirrors: between all engines, synchronous and asynchronous. A program of its
//! own, because each pair of connections is compiled by itself.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::needless_question_mark,
    missing_docs,
    unreachable_pub
)]

#[allow(dead_code, unused_macros, unused_imports)]
#[path = "../changesets/posts.rs"]
mod posts;
#[allow(dead_code, unused_macros, unused_imports)]
#[path = "../suite/support/mod.rs"]
mod support;

mod history;
mod pairs;
mod tables;

mod clashes;
mod crowd;
mod following;
mod kept;
mod processes;
mod refusals;
mod repairs;
mod values;
