//! What the library says happened is what happened: wrong data, lost data and
//! refused writes that were once possible, kind by kind, on every engine.

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

mod clocks;
mod families;
mod install;
mod namespaces;
mod numbers;
mod sessions;
mod texts;
mod trust;
mod updates;
mod values;

/// The type `citext`, outside of every path. An extension is in one schema of a
/// database, so all tests share it.
#[cfg(feature = "postgres")]
fn citext(db: &support::Db) {
    db.execute(
        "SELECT pg_advisory_xact_lock(20251); CREATE SCHEMA IF NOT EXISTS handleref_types; \
         CREATE EXTENSION IF NOT EXISTS citext SCHEMA handleref_types",
    );
}
