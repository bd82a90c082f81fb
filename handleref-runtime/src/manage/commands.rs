//! The commands, one file each.

mod backfill;
mod doctor;
mod install;
mod log;
mod plan;
mod scan;

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
    /// What is wrong with the database and its history, and what cures it
    Doctor(doctor::Args),
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
            Self::Doctor(_) => "doctor",
        }
    }

    pub(super) fn run(&self, context: &mut Context) -> Answered {
        match self {
            Self::Log(args) => log::run(args, context),
            Self::Plan(args) => plan::run(args, context),
            Self::Install(args) => install::run(args, context),
            Self::Backfill(args) => backfill::run(args, context),
            Self::Scan(args) => scan::run(args, context),
            Self::Doctor(args) => doctor::run(args, context),
        }
    }
}
