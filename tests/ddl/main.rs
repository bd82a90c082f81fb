//! The text of everything that handleref installs, as files that were reviewed:
//! one for each server, group of models and form. `check` compares what is
//! installed with such a text, so a text that changes concerns every installed
//! database. How a change is accepted is in `docs/architecture.md`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]
// Without servers there is nobody who could own anything.
#![cfg_attr(
    not(all(feature = "postgres", feature = "mysql")),
    allow(dead_code, unused_imports, unused_macros)
)]

mod attributes;
mod changes;
mod forms;
mod models;
mod place;
mod snapshot;

/// A test on each engine.
macro_rules! on_each_engine {
    ($($(#[doc = $doc:literal])* $name:ident $body:expr;)*) => { $(
        $(#[doc = $doc])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            use $crate::place::Place;

            #[cfg(feature = "sqlite")]
            #[test]
            fn sqlite() {
                $body(&mut Place::sqlite());
            }
            #[cfg(feature = "postgres")]
            #[test]
            fn postgres() {
                $body(&mut Place::postgres());
            }
            #[cfg(feature = "mysql")]
            #[test]
            fn mysql() {
                $body(&mut Place::mysql());
            }
        }
    )* };
}
pub(crate) use on_each_engine;
