//! Who can do what to a history: with an owner, and without one.

mod hijack;

// SQLite has no users.
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod attempts;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod owned;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod roles;
