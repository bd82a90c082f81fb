//! `completions`: a script for a shell; no connection.

use super::{Answered, Context};
use crate::manage::args::Program;
use crate::manage::exit::Exit;
use crate::manage::failure::Failure;
use clap::ValueEnum;
use std::io::Write;

#[derive(Debug, clap::Args)]
pub(in crate::manage) struct Args {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

/// The shells that there are scripts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shell {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}

pub(super) fn run(args: &Args, context: &mut Context) -> Answered {
    use clap_complete::Shell as S;
    let shell = match args.shell {
        Shell::Bash => S::Bash,
        Shell::Elvish => S::Elvish,
        Shell::Fish => S::Fish,
        Shell::Powershell => S::PowerShell,
        Shell::Zsh => S::Zsh,
    };
    let mut script = Vec::new();
    let mut grammar = Program::named(&context.program).grammar();
    clap_complete::generate(shell, &mut grammar, context.program.clone(), &mut script);
    match std::io::stdout().write_all(&script) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::Found, "output", error.to_string()))
        }
        _ => Ok(None),
    }
}
