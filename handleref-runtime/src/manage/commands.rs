//! The commands, one file each.

mod log;

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
}

impl Command {
    /// As it is typed.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Log(_) => "log",
        }
    }

    pub(super) fn run(&self, context: &mut Context) -> Answered {
        match self {
            Self::Log(args) => log::run(args, context),
        }
    }
}
