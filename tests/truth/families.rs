//! Soft deletes and restores of families: all of it, or an error with nothing written.

pub(crate) mod concurrent;
mod hooks;
mod levels;
mod trees;
