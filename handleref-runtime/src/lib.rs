//! The runtime of the `handleref` crate.
//!
//! Depend on `handleref`, which re-exports what is public here; this crate
//! exists because a procedural-macro crate cannot hold anything else.

// What writes for an engine that is not compiled in is never called, and not
// linked. A build with all engines finds what is of no use to any.
#![cfg_attr(
    not(all(
        feature = "sqlite",
        feature = "postgres_backend",
        feature = "mysql_backend"
    )),
    allow(dead_code)
)]

#[doc(hidden)]
pub mod any;
pub mod bound;
pub mod cascade;
pub mod changeset;
mod context;
pub mod doctor;
pub mod engine;
pub mod error;
pub mod facts;
pub mod feed;
mod grouped;
pub mod handle;
pub mod history;
pub mod hooks;
#[cfg(feature = "axum")]
pub mod http;
pub mod key;
pub mod lifecycle;
pub mod log;
pub mod session;

pub mod maintain;
#[cfg(feature = "manage")]
pub mod manage;
#[cfg(feature = "mirror")]
pub mod mirror;
pub mod model;
pub mod on;
#[doc(hidden)]
pub mod private;
#[cfg(feature = "redis")]
pub mod redis;
pub mod registry;
pub mod resurrect;
pub mod revert;
pub mod row;
pub mod schema;
pub mod scope;
mod sql;
pub mod sync;
pub mod time;
pub mod write;
