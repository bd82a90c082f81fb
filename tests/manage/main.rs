//! The command line, driven as a person does: in a terminal, through a pipe, by a program.

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
mod changes;
mod changesets;
mod contents;
mod doctor;
mod install;
mod installed;
mod json;
mod log;
mod past;
mod plan;
mod program;
mod scan;
mod stats;
mod story;
mod takeover;
mod texts;
mod undo;
mod upkeep;
