//! The commands, one file each.

mod as_of;
mod backfill;
mod blame;
mod deleted;
mod diff;
mod install;
mod log;
mod plan;
mod scan;
mod show;

use super::context::Context;
use super::envelope::Answer;
use super::failure::Failure;
use clap::Subcommand;

/// What a command has to say; nothing more if it has said everything itself, as a stream does.
pub(super) type Answered = Result<Option<Box<dyn Answer>>, Failure>;

/// All of them.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// What happened to a row: who, when, why, and what changed
    Log(log::Args),
    /// A row, as it is or was
    Show(show::Args),
    /// What differs between two states of a row
    Diff(diff::Args),
    /// For each field of a row the change that set it
    Blame(blame::Args),
    /// Rows as they were: one, a table, or the answer of a query
    AsOf(as_of::Args),
    /// The rows of a model that were deleted last
    Deleted(deleted::Args),
    /// What an installation would do, as SQL or as a Diesel migration
    Plan(plan::Args),
    /// Make what is missing in the database
    Install(install::Args),
    /// Records for rows that are older than the recording
    Backfill(backfill::Args),
    /// Records of what no trigger saw
    Scan(scan::Args),
}

impl Command {
    /// As it is typed.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Log(_) => "log",
            Self::Show(_) => "show",
            Self::Diff(_) => "diff",
            Self::Blame(_) => "blame",
            Self::AsOf(_) => "as-of",
            Self::Deleted(_) => "deleted",
            Self::Plan(_) => "plan",
            Self::Install(_) => "install",
            Self::Backfill(_) => "backfill",
            Self::Scan(_) => "scan",
        }
    }

    pub(super) fn run(&self, context: &mut Context) -> Answered {
        match self {
            Self::Log(args) => log::run(args, context),
            Self::Show(args) => show::run(args, context),
            Self::Diff(args) => diff::run(args, context),
            Self::Blame(args) => blame::run(args, context),
            Self::AsOf(args) => as_of::run(args, context),
            Self::Deleted(args) => deleted::run(args, context),
            Self::Plan(args) => plan::run(args, context),
            Self::Install(args) => install::run(args, context),
            Self::Backfill(args) => backfill::run(args, context),
            Self::Scan(args) => scan::run(args, context),
        }
    }
}
