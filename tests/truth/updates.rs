//! Statements of many rows, of which each is changed in a way of its own.

mod odd;
#[cfg(feature = "postgres")]
mod others;
