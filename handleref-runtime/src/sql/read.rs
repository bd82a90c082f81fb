//! Texts on their way in and out.

use crate::error::Error;
use chrono::NaiveDateTime;

/// Refuses a text that not every engine takes.
pub(crate) fn storable(what: &'static str, text: &str) -> Result<(), Error> {
    match text.contains('\0') {
        true => Err(Error::NotStorable {
            what,
            reason: "there is a NUL in it, which PostgreSQL and SQLite do not take",
        }),
        false => Ok(()),
    }
}

/// Reads a time as SQLite has it.
pub(crate) fn parse_time(text: &str) -> Option<NaiveDateTime> {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok()
}

/// What cannot be read is an error, and never left out.
pub(crate) fn unreadable(what: &str) -> Error {
    let message = format!("{what} cannot be read: it is not as handleref writes it");
    Error::Database(diesel::result::Error::DeserializationError(message.into()))
}
