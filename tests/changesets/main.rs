//! Changesets, as the suite tests everything else: each behaviour once, on
//! every engine, synchronous and asynchronous. A program of its own, so that
//! both are compiled at the same time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    // A closure has to say the type of its error.
    clippy::needless_question_mark,
    missing_docs,
    unreachable_pub
)]

#[allow(dead_code, unused_macros, unused_imports)]
#[path = "../suite/support/mod.rs"]
mod support;

mod changes;
mod field_types;
mod obstacles;
mod posts;
mod prepared;
mod random;
mod record;
mod registry;
mod resolve;
mod scan;
mod together;
mod undo;
