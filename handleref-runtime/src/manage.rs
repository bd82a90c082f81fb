//! A command line for the history of a program's models.
//!
//! ```text
//! fn main() -> std::process::ExitCode {
//!     handleref::manage::run(schema![Topic, Article])
//! }
//! ```
//!
//! Every command does three things apart from each other: it reads
//! its arguments, it asks the library for data, and it shows them, as JSON or for people.
//! A reading command has a session that cannot write.

mod act;
mod args;
mod changed;
mod commands;
mod connect;
mod context;
mod envelope;
mod exit;
mod failure;
mod filter;
mod interrupt;
mod moment;
mod object;
mod page;
mod pager;
mod progress;
mod style;
mod table;
mod value;
mod wait;

use crate::schema::Schema;
use args::Program;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

/// Reads the arguments of the process, does what they say with these models, prints
/// the answer, and gives the exit code: 0 if all is fine, 1 if something was found, 2 for
/// wrong arguments, 3 if a decision is needed, 4 for what the database says, 5 if it was
/// interrupted and can go on.
pub fn run(schema: Schema) -> ExitCode {
    run_with(std::env::args_os(), Some(schema))
}

/// The same without models: they are read from the database, as they were installed. What
/// needs the models' code (their columns to be installed, their hooks) is not there.
pub fn run_generic() -> ExitCode {
    run_with(std::env::args_os(), None)
}

/// The same with these arguments, of which the first is the name of the program; with
/// or without models.
pub fn run_with<A>(arguments: impl IntoIterator<Item = A>, schema: Option<Schema>) -> ExitCode
where
    A: Into<OsString>,
{
    let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
    let path = arguments.first().map(Path::new);
    // For texts that say what to type.
    let name = path
        .and_then(|it| it.file_stem()?.to_str())
        .unwrap_or("manage");
    Program::named(name).main(&arguments, schema)
}
