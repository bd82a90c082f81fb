//! What an application does every day: a form, a page of history, functions for any
//! model. A program of its own, so that others are compiled at the same time.

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

mod backfill;
mod form;
mod generic;
#[cfg(all(feature = "async", feature = "deadpool"))]
mod guards;
mod history;
mod queries;
mod same;
mod why;
