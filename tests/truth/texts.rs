//! Texts that the database compares in its own way.

mod said;
mod walks;
