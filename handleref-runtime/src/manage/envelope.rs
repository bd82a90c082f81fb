//! `--json`: one shape for what succeeded and what failed.

use super::exit::Exit;
use super::failure::Failure;
use serde_json::{Value, json};

/// The number of the shape; it is raised when something in it is renamed or removed.
pub(super) const SCHEMA: u32 = 1;

/// What a command answers.
pub(super) trait Answer {
    /// The data, for programs.
    fn data(&self) -> Value;
    /// The same for people.
    fn show(&self, page: &mut super::page::Page);
    /// With what the process ends.
    fn exit(&self) -> Exit {
        Exit::Fine
    }
    /// What was found.
    fn problems(&self) -> Vec<Failure> {
        Vec::new()
    }
}

/// An answer as one JSON object.
pub(super) fn answered(command: &str, answer: &dyn Answer) -> Value {
    json!({
        "schema": SCHEMA,
        "ok": answer.exit() == Exit::Fine,
        "command": command,
        "data": answer.data(),
        "problems": answer.problems(),
    })
}

/// A failure in the same shape.
pub(super) fn failed(command: &str, failure: &Failure) -> Value {
    json!({
        "schema": SCHEMA,
        "ok": false,
        "command": command,
        "data": null,
        "problems": [failure],
    })
}
