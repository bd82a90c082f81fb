//! The commands, one file each.

mod backfill;
mod changes;
mod changeset;
mod changesets;
mod completions;
mod install;
mod log;
mod man;
mod plan;
mod scan;
mod stats;

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
    /// What changed since a cursor, of all models, without gaps
    Changes(changes::Args),
    /// How much there is, how fast it grows, and who writes
    Stats(stats::Args),
    /// Changesets: who did something, when and why
    Changesets(changesets::Args),
    /// What a changeset did to which objects
    Changeset(changeset::Args),
    /// What an installation would do, as SQL or as a Diesel migration
    Plan(plan::Args),
    /// Make what is missing in the database
    Install(install::Args),
    /// Records for rows that are older than the recording
    Backfill(backfill::Args),
    /// Records of what no trigger saw
    Scan(scan::Args),
    /// A script that completes commands in a shell
    Completions(completions::Args),
    /// The pages of the manual
    Man(man::Args),
}

impl Command {
    /// As it is typed.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Log(_) => "log",
            Self::Changes(_) => "changes",
            Self::Stats(_) => "stats",
            Self::Changesets(_) => "changesets",
            Self::Changeset(_) => "changeset",
            Self::Plan(_) => "plan",
            Self::Install(_) => "install",
            Self::Backfill(_) => "backfill",
            Self::Scan(_) => "scan",
            Self::Completions(_) => "completions",
            Self::Man(_) => "man",
        }
    }

    pub(super) fn run(&self, context: &mut Context) -> Answered {
        match self {
            Self::Log(args) => log::run(args, context),
            Self::Changes(args) => changes::run(args, context),
            Self::Stats(args) => stats::run(args, context),
            Self::Changesets(args) => changesets::run(args, context),
            Self::Changeset(args) => changeset::run(args, context),
            Self::Plan(args) => plan::run(args, context),
            Self::Install(args) => install::run(args, context),
            Self::Backfill(args) => backfill::run(args, context),
            Self::Scan(args) => scan::run(args, context),
            Self::Completions(args) => completions::run(args, context),
            Self::Man(args) => man::run(args, context),
        }
    }
}
