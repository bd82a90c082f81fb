//! The commands, one file each.

mod backfill;
mod install;
mod log;
mod plan;
mod restore;
mod revert;
mod scan;
mod undo;

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
    /// What an installation would do, as SQL or as a Diesel migration
    Plan(plan::Args),
    /// Make what is missing in the database
    Install(install::Args),
    /// Records for rows that are older than the recording
    Backfill(backfill::Args),
    /// Records of what no trigger saw
    Scan(scan::Args),
    /// Take a changeset back
    Undo(undo::Args),
    /// Bring a deleted row back
    Restore(restore::Args),
    /// Bring a row, or some of its fields, back to what it was
    Revert(revert::Args),
}

impl Command {
    /// As it is typed.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Log(_) => "log",
            Self::Plan(_) => "plan",
            Self::Install(_) => "install",
            Self::Backfill(_) => "backfill",
            Self::Scan(_) => "scan",
            Self::Undo(_) => "undo",
            Self::Restore(_) => "restore",
            Self::Revert(_) => "revert",
        }
    }

    pub(super) fn run(&self, context: &mut Context) -> Answered {
        match self {
            Self::Log(args) => log::run(args, context),
            Self::Plan(args) => plan::run(args, context),
            Self::Install(args) => install::run(args, context),
            Self::Backfill(args) => backfill::run(args, context),
            Self::Scan(args) => scan::run(args, context),
            Self::Undo(args) => undo::run(args, context),
            Self::Restore(args) => restore::run(args, context),
            Self::Revert(args) => revert::run(args, context),
        }
    }
}
