//! The commands, one file each.

mod as_of;
mod backfill;
mod blame;
mod changes;
mod changeset;
mod changesets;
mod completions;
mod deleted;
mod diff;
mod doctor;
mod erase;
mod hold;
mod install;
mod log;
mod man;
mod plan;
mod prune;
mod restore;
mod revert;
mod scan;
mod show;
mod stats;
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
    /// Is the history in order, and if not, what cures it?
    Doctor(doctor::Args),
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
    /// Delete old records
    Prune(prune::Args),
    /// Take personal data of one row out of its records
    Erase(erase::Args),
    /// Keep records from being pruned or erased
    Hold(hold::HoldArgs),
    /// What is held
    Holds,
    /// End a hold
    Release(hold::ReleaseArgs),
    /// What was done to the history itself: installations, prunes, erasures, pauses
    Events(hold::EventsArgs),
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
            Self::Show(_) => "show",
            Self::Diff(_) => "diff",
            Self::Blame(_) => "blame",
            Self::AsOf(_) => "as-of",
            Self::Deleted(_) => "deleted",
            Self::Changes(_) => "changes",
            Self::Stats(_) => "stats",
            Self::Changesets(_) => "changesets",
            Self::Changeset(_) => "changeset",
            Self::Plan(_) => "plan",
            Self::Install(_) => "install",
            Self::Doctor(_) => "doctor",
            Self::Backfill(_) => "backfill",
            Self::Scan(_) => "scan",
            Self::Undo(_) => "undo",
            Self::Restore(_) => "restore",
            Self::Revert(_) => "revert",
            Self::Prune(_) => "prune",
            Self::Erase(_) => "erase",
            Self::Hold(_) => "hold",
            Self::Holds => "holds",
            Self::Release(_) => "release",
            Self::Events(_) => "events",
            Self::Completions(_) => "completions",
            Self::Man(_) => "man",
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
            Self::Changes(args) => changes::run(args, context),
            Self::Stats(args) => stats::run(args, context),
            Self::Changesets(args) => changesets::run(args, context),
            Self::Changeset(args) => changeset::run(args, context),
            Self::Plan(args) => plan::run(args, context),
            Self::Install(args) => install::run(args, context),
            Self::Doctor(args) => doctor::run(args, context),
            Self::Backfill(args) => backfill::run(args, context),
            Self::Scan(args) => scan::run(args, context),
            Self::Undo(args) => undo::run(args, context),
            Self::Restore(args) => restore::run(args, context),
            Self::Revert(args) => revert::run(args, context),
            Self::Prune(args) => prune::run(args, context),
            Self::Erase(args) => erase::run(args, context),
            Self::Hold(args) => hold::place(args, context),
            Self::Holds => hold::list(context),
            Self::Release(args) => hold::release(args, context),
            Self::Events(args) => hold::log(args, context),
            Self::Completions(args) => completions::run(args, context),
            Self::Man(args) => man::run(args, context),
        }
    }
}
