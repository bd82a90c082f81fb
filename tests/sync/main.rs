//! What changed since somebody looked last: the cursor, on every engine,
//! synchronous and asynchronous.

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

mod borders;
mod copies;
mod forged;
mod reading;
// Of servers, which have users.
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod rights;
mod torture;
