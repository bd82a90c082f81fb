//! The arguments that all commands have, and the way from them to the answer.

use super::commands::Command;
use super::context::Context;
use super::envelope;
use super::exit::{CODES, Exit};
use super::failure::Failure;
use super::page::Page;
use super::pager;
use crate::schema::Schema;
use clap::{CommandFactory, FromArgMatches, Parser, ValueEnum};
use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

/// History of rows: look, check, put right.
#[derive(Debug, Parser)]
#[command(
    after_help = CODES,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true,
    max_term_width = 100
)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Global {
    /// `postgres://..`, `mysql://..`, or a file of SQLite; otherwise DATABASE_URL, also from `.env`
    #[arg(
        long,
        global = true,
        env = "DATABASE_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub(super) database_url: Option<String>,
    /// One JSON object, also for failures; streams have one a line
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Colours
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(super) color: Color,
    /// Not through a pager
    #[arg(long, global = true)]
    pub(super) no_pager: bool,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The program.
#[derive(Debug)]
pub(super) struct Program {
    name: String,
}

impl Program {
    pub(super) fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
        }
    }

    /// Its grammar, for help, completions and the manual.
    pub(super) fn grammar(&self) -> clap::Command {
        Args::command()
            .name(self.name.clone())
            .bin_name(self.name.clone())
            .version(env!("CARGO_PKG_VERSION"))
    }

    pub(super) fn main(&self, given: &[OsString], schema: Option<Schema>) -> ExitCode {
        let matches = match self.grammar().try_get_matches_from(given) {
            Ok(matches) => matches,
            Err(error) => return misunderstood(&error, given.iter().any(|it| it == "--json")),
        };
        let args = match Args::from_arg_matches(&matches) {
            Ok(args) => args,
            Err(error) => return misunderstood(&error, false),
        };
        let exit = self.execute(args, schema);
        ExitCode::from(exit as u8)
    }

    fn execute(&self, args: Args, schema: Option<Schema>) -> Exit {
        let (global, command) = (args.global, args.command);
        let name = command.name();
        let mut context = Context::new(self.name.clone(), global.clone(), schema);
        let answer = command.run(&mut context);
        let (exit, text) = match (answer, global.json) {
            (Ok(None), _) => return Exit::Fine,
            (Ok(Some(answer)), true) => {
                let text = envelope::answered(name, &*answer).to_string();
                (answer.exit(), text + "\n")
            }
            (Ok(Some(answer)), false) => {
                let mut page = Page::new(width());
                answer.show(&mut page);
                (answer.exit(), page.finish())
            }
            (Err(failure), true) => {
                let text = envelope::failed(name, &failure).to_string();
                (failure.exit, text + "\n")
            }
            (Err(failure), false) => {
                complain(&failure, global.color);
                return failure.exit;
            }
        };
        match pager::print(&text, global.color, !global.no_pager && !global.json) {
            Ok(()) => exit,
            Err(error) => {
                let failure = Failure::new(Exit::Found, "output", error.to_string());
                complain(&failure, global.color);
                Exit::Found
            }
        }
    }
}

/// How wide the answer may be: the terminal, or 80.
pub(super) fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|it| it.parse().ok());
    let found = terminal_size::terminal_size().map(|(columns, _)| columns.0.into());
    found.or(columns).unwrap_or(80)
}

fn misunderstood(error: &clap::Error, json: bool) -> ExitCode {
    if json && error.use_stderr() {
        let text = error.render().to_string();
        let text = text.trim_start_matches("error: ").trim();
        let failure = Failure::usage(text.split("\n\n").next().unwrap_or(text));
        let _ = writeln!(std::io::stdout(), "{}", envelope::failed("", &failure));
    } else {
        let _ = error.print();
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// A failure, for people; on the standard error.
fn complain(failure: &Failure, color: Color) {
    use super::style::{BAD, DIM};
    let mut page = Page::new(width());
    let mut lines = failure.message.lines();
    let first = lines.next().unwrap_or_default();
    for (at, line) in super::page::wrap(first, page.width().saturating_sub(7))
        .iter()
        .enumerate()
    {
        let head = if at == 0 { "error: " } else { "       " };
        page.spans(&[
            super::page::Span::new(head, BAD),
            super::page::Span::plain(line.trim()),
        ]);
    }
    lines.for_each(|line| page.line(line));
    if let Some(cure) = &failure.cure {
        page.spans(&[super::page::Span::new("try", DIM)]);
        page.verbatim(&indented(cure));
    }
    let choice = match color {
        Color::Always => anstream::ColorChoice::AlwaysAnsi,
        Color::Never => anstream::ColorChoice::Never,
        Color::Auto => anstream::AutoStream::choice(&std::io::stderr()),
    };
    let mut out = anstream::AutoStream::new(std::io::stderr().lock(), choice);
    let _ = out.write_all(page.finish().as_bytes());
}

fn indented(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| format!("  {line}")).collect();
    lines.join("\n")
}
