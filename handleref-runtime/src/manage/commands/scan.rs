//! `scan`: records of what no trigger saw.

use super::{Answer, Answered, Context};
use crate::changeset::{Scanned, scanned};
use crate::manage::act::{Apply, Signed, command, models, unwritten};
use crate::manage::exit::Exit;
use crate::manage::interrupt;
use crate::manage::page::{Page, Span};
use crate::manage::progress::Bar;
use crate::manage::style::{DIM, GOOD, HEAD, WARN};
use crate::manage::wait::now;
use serde_json::{Value, json};

#[derive(Debug, clap::Args)]
pub(in crate::manage) struct Args {
    /// Only these models
    #[arg(value_name = "MODEL")]
    models: Vec<String>,
    #[command(flatten)]
    apply: Apply,
    #[command(flatten)]
    signed: Signed,
}

struct Shown {
    models: Vec<(&'static str, Scanned)>,
    /// The model that it had come to when it was told to stop.
    stopped: Option<&'static str>,
    apply: bool,
    command: String,
}

pub(super) fn run(args: &Args, context: &mut Context) -> Answered {
    let registry = context.registry()?;
    let wanted = models(&registry, &args.models)?;
    let mut found = Vec::new();
    let mut stopped = None;
    interrupt::watch();
    let mut bar = Bar::new("scan");
    let total = i64::try_from(wanted.len()).unwrap_or(i64::MAX);
    for (at, model) in (0..).zip(&wanted) {
        // Each is a transaction and a changeset of its own: locks do not last longer than
        // they must.
        if interrupt::asked() {
            stopped = Some(model.name());
            break;
        }
        bar.at(at, total);
        let table = model.recorded_table();
        let meta = args.signed.meta();
        // To look, too, needs a temporary table.
        let one = now(scanned(context.write()?, [table], meta, args.apply.apply))?;
        found.push((model.name(), one));
    }
    drop(bar);
    let mut words: Vec<String> = vec!["scan".to_owned()];
    words.extend(args.models.iter().cloned());
    words.extend(args.signed.words());
    words.push("--apply".to_owned());
    Ok(Some(Box::new(Shown {
        models: found,
        stopped,
        apply: args.apply.apply,
        command: command(context, words),
    })))
}

impl Answer for Shown {
    fn data(&self) -> Value {
        let models = self.models.iter();
        let models = models.map(|(name, found)| json!({ "model": name, "scanned": found }));
        json!({
            "models": models.collect::<Vec<_>>(),
            "stopped_at": self.stopped,
            "applied": self.apply,
        })
    }

    fn show(&self, page: &mut Page) {
        let wide = self.models.iter().map(|(name, _)| name.chars().count());
        let wide = wide.max().unwrap_or(0);
        for (name, found) in &self.models {
            let (text, style) = match (found.is_empty(), self.apply) {
                (true, _) => ("as its history says".to_owned(), DIM),
                (false, true) => (format!("recorded: {found}"), GOOD),
                (false, false) => (format!("history does not know: {found}"), WARN),
            };
            page.spans(&[
                Span::new(format!("{name:<wide$}  "), HEAD),
                Span::new(text, style),
            ]);
        }
        if let Some(name) = self.stopped {
            page.line(format!("Stopped before {name}. The same command goes on:"));
            page.verbatim(&format!("  {}", self.command));
        } else if self.exit() == Exit::Decide {
            unwritten(page, &self.command);
        }
    }

    fn exit(&self) -> Exit {
        match self.models.iter().all(|(_, found)| found.is_empty()) || self.apply {
            _ if self.stopped.is_some() => Exit::Interrupted,
            true => Exit::Fine,
            false => Exit::Decide,
        }
    }
}
