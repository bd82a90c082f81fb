//! The parts of a text that depend on a value.

use std::fmt::Display;

/// What [`Error::Conflict`](super::Error::Conflict) begins with.
pub(super) fn in_the_way(lost: bool) -> &'static str {
    match lost {
        false => "another transaction was in the way; repeat this one from its beginning",
        true => "the database has rolled back the whole transaction; repeat it from its beginning",
    }
}

/// One a line, below the line before.
pub(super) fn lines(conflicts: &[impl Display]) -> String {
    let lines = conflicts.iter().map(|conflict| format!("\n  {conflict}"));
    lines.collect()
}

pub(super) fn of_table(table: &Option<String>) -> String {
    let table = table.as_ref();
    table.map_or_else(String::new, |table| format!(" of {table}"))
}
