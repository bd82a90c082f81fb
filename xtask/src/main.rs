//! The tasks of this repository, run as `cargo xtask <task>`; `cargo xtask help` lists them.
//!
//! `test` finds or installs the database servers, starts throwaway ones on free ports, runs the
//! whole test suite against them and counts per engine what ran. Nothing stays behind.

#[cfg(unix)]
mod apt;
#[cfg(unix)]
mod args;
#[cfg(unix)]
mod bench;
#[cfg(unix)]
mod book;
#[cfg(unix)]
mod check;
#[cfg(unix)]
mod clients;
#[cfg(unix)]
mod daemon;
#[cfg(unix)]
mod dependencies;
#[cfg(unix)]
mod edition;
#[cfg(unix)]
mod engine;
#[cfg(unix)]
mod features;
#[cfg(unix)]
mod filters;
#[cfg(unix)]
mod foreground;
#[cfg(unix)]
mod interrupt;
#[cfg(unix)]
mod libtest;
#[cfg(unix)]
mod links;
#[cfg(unix)]
mod place;
#[cfg(unix)]
mod ports;
#[cfg(unix)]
mod process;
#[cfg(unix)]
mod python;
#[cfg(unix)]
mod scratch;
#[cfg(unix)]
mod servers;
#[cfg(unix)]
mod table;
#[cfg(unix)]
mod test;

use std::process::ExitCode;

/// The exit status of a program that was interrupted, by the convention of shells.
#[cfg(unix)]
const INTERRUPTED: u8 = 130;

/// The exit status if a server could not be had: `EX_TEMPFAIL` of sysexits.h.
#[cfg(unix)]
const UNAVAILABLE: u8 = 75;

#[cfg(unix)]
fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            if interrupt::happened() {
                ExitCode::from(INTERRUPTED)
            } else if error.is::<edition::Unavailable>() {
                ExitCode::from(UNAVAILABLE)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    eprintln!("error: `cargo xtask` needs Linux or macOS; `cargo test` runs what needs no server");
    ExitCode::FAILURE
}

/// Runs the task that the command line names.
#[cfg(unix)]
fn run() -> anyhow::Result<()> {
    let task = args::parse(std::env::args().skip(1))?;
    interrupt::install()?;
    match task {
        args::Task::Test {
            wanted,
            short,
            harness,
        } => test::run(&wanted, short, &harness),
        args::Task::Bench {
            engines,
            quick,
            only,
            baseline,
        } => bench::run(&engines, quick, only.as_deref(), baseline),
        args::Task::Book => book::make(),
        args::Task::Check => check::run(),
        args::Task::Servers { wanted } => servers::stay(&wanted),
        args::Task::Help => {
            print!("{}", args::HELP);
            Ok(())
        }
    }
}
