//! Texts on their way in and out.

use crate::error::Error;
use chrono::{DateTime, NaiveDateTime};

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

/// Reads a time that was selected by [`time_as_text`](super::time_as_text).
pub(crate) fn parse_time(text: &str) -> Option<NaiveDateTime> {
    if let Some(micros) = text.strip_prefix('@') {
        return DateTime::from_timestamp_micros(micros.parse().ok()?).map(|at| at.naive_utc());
    }
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok()
}

/// What cannot be read is an error, and never left out.
pub(crate) fn unreadable(what: &str) -> Error {
    let message = format!("{what} cannot be read: it is not as handleref writes it");
    Error::Database(diesel::result::Error::DeserializationError(message.into()))
}

/// Reads all rows, or says that one of them cannot be read.
pub(crate) fn read_all<R, T>(
    rows: impl IntoIterator<Item = R>,
    what: &str,
    read: impl Fn(R) -> Option<T>,
) -> Result<Vec<T>, Error> {
    rows.into_iter()
        .map(|row| read(row).ok_or_else(|| unreadable(what)))
        .collect()
}
