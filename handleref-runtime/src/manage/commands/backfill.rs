//! `backfill`: records for rows that are older than the recording.

use super::{Answer, Answered, Context};
use crate::maintain::{BackfillSteps, Progress, left};
use crate::manage::act::{Apply, command, models, next, unwritten};
use crate::manage::exit::Exit;
use crate::manage::failure::Failure;
use crate::manage::interrupt;
use crate::manage::page::{Page, Span};
use crate::manage::progress::{Bar, Pace};
use crate::manage::style::{DIM, GOOD, HEAD, WARN};
use crate::manage::value;
use crate::manage::wait::now;
use crate::registry::Model;
use serde_json::{Value, json};
use std::time::Instant;

#[derive(Debug, clap::Args)]
pub(in crate::manage) struct Args {
    /// Only these models
    #[arg(value_name = "MODEL")]
    models: Vec<String>,
    #[command(flatten)]
    apply: Apply,
    /// At most so many rows in one transaction; fewer if that takes longer than 0.2 s
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    batch: u32,
}

/// What is to be done, or was, of a model.
enum State {
    Complete,
    /// So many rows have no record.
    Left(i64),
    Done(Progress),
    Stopped(Progress),
}

struct Shown {
    models: Vec<(&'static str, State)>,
    apply: bool,
    command: String,
    install: String,
}

pub(super) fn run(args: &Args, context: &mut Context) -> Answered {
    let registry = context.registry()?;
    let wanted = models(&registry, &args.models)?;
    let mut states = Vec::new();
    if args.apply.apply {
        interrupt::watch();
    }
    for model in &wanted {
        let state = match args.apply.apply {
            true => fill(context, model, args.batch)?,
            false => match now(left(context.read()?, &model.subject()))? {
                Some(rows) => State::Left(rows),
                None => State::Complete,
            },
        };
        let stopped = matches!(state, State::Stopped(_));
        states.push((model.name(), state));
        if stopped {
            break;
        }
    }
    let mut words: Vec<String> = vec!["backfill".to_owned()];
    words.extend(args.models.iter().cloned());
    words.push("--apply".to_owned());
    Ok(Some(Box::new(Shown {
        models: states,
        apply: args.apply.apply,
        command: command(context, words),
        install: command(context, ["install", "--apply"]),
    })))
}

fn fill(context: &mut Context, model: &Model, batch: u32) -> Result<State, Failure> {
    let conn = context.write()?;
    if now(left(conn, &model.subject()))?.is_none() {
        return Ok(State::Complete);
    }
    let mut steps = now(BackfillSteps::begin(conn, model.subject()))?;
    let (mut bar, mut pace) = (Bar::new(model.name()), Pace::new(batch));
    loop {
        if interrupt::asked() {
            return Ok(State::Stopped(steps.progress()));
        }
        let began = Instant::now();
        let progress = now(steps.step(conn, pace.size()))?;
        pace.took(began.elapsed());
        bar.at(progress.done, progress.total);
        if progress.finished {
            return Ok(State::Done(progress));
        }
    }
}

impl Shown {
    fn is_stopped(&self) -> bool {
        let mut states = self.models.iter();
        states.any(|(_, state)| matches!(state, State::Stopped(_)))
    }
}

impl Answer for Shown {
    fn data(&self) -> Value {
        let models = self.models.iter().map(|(name, state)| {
            let (state, left, progress) = match state {
                State::Complete => ("complete", Some(0), None),
                State::Left(rows) => ("left", Some(*rows), None),
                State::Done(progress) => ("done", Some(0), Some(progress)),
                State::Stopped(progress) => ("stopped", None, Some(progress)),
            };
            json!({ "model": name, "state": state, "left": left, "progress": progress })
        });
        json!({ "models": models.collect::<Vec<_>>(), "applied": self.apply })
    }

    fn show(&self, page: &mut Page) {
        let wide = self.models.iter().map(|(name, _)| name.chars().count());
        let wide = wide.max().unwrap_or(0);
        for (name, state) in &self.models {
            let (text, style) = match state {
                State::Complete => ("complete".to_owned(), DIM),
                State::Left(0) => (
                    "no row lacks a record; to be marked as complete".to_owned(),
                    WARN,
                ),
                State::Left(1) => ("1 row has no record".to_owned(), WARN),
                State::Left(rows) => (format!("{} rows have no record", value::count(*rows)), WARN),
                State::Done(it) => (
                    format!("complete: {} written", value::counted(it.written, "record")),
                    GOOD,
                ),
                State::Stopped(it) => (
                    format!(
                        "stopped after {}: {} written",
                        value::counted(it.done, "row"),
                        value::counted(it.written, "record")
                    ),
                    WARN,
                ),
            };
            page.spans(&[
                Span::new(format!("{name:<wide$}  "), HEAD),
                Span::new(text, style),
            ]);
        }
        if self.is_stopped() {
            page.line("Stopped; nothing is lost. The same command goes on:");
            page.verbatim(&format!("  {}", self.command));
        } else if self.exit() == Exit::Decide {
            unwritten(page, &self.command);
        } else if self
            .models
            .iter()
            .any(|(_, it)| matches!(it, State::Done(_)))
        {
            // Triggers that look for no baselines any more.
            next(page, &self.install);
        }
    }

    fn exit(&self) -> Exit {
        let left = |(_, state): &(_, State)| matches!(state, State::Left(_));
        match self.is_stopped() {
            true => Exit::Interrupted,
            false if self.models.iter().any(left) => Exit::Decide,
            false => Exit::Fine,
        }
    }
}
