//! `prune`: old records go.

use super::{Answer, Answered, Context};
use crate::maintain::{PruneLimit, PruneSteps, PruneWanted, Pruned, about};
use crate::manage::act::{Apply, command, models, unwritten};
use crate::manage::exit::Exit;
use crate::manage::failure::Failure;
use crate::manage::interrupt;
use crate::manage::moment::Moment;
use crate::manage::page::{Page, Span};
use crate::manage::progress::{Bar, Pace};
use crate::manage::style::{DIM, GOOD, HEAD, WARN};
use crate::manage::value;
use crate::manage::wait::now;
use crate::registry::Model;
use serde_json::{Value, json};
use std::time::Instant;

#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("rule").required(true).multiple(true).args(["older_than", "keep_last"]))]
pub(in crate::manage) struct Args {
    /// Of these models
    #[arg(value_name = "MODEL", required = true)]
    models: Vec<String>,
    /// Records that nobody needs who asks for this time or a later one: `365d`, `2025-01-01`
    #[arg(long, value_name = "TIME")]
    older_than: Option<Moment>,
    /// All but so many of each row
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    keep_last: Option<u32>,
    #[command(flatten)]
    apply: Apply,
    /// At most so many records in one transaction; fewer if that takes longer than 0.2 s
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    batch: u32,
}

struct Shown {
    models: Vec<(&'static str, Pruned)>,
    stopped: bool,
    apply: bool,
    command: String,
}

pub(super) fn run(args: &Args, context: &mut Context) -> Answered {
    let registry = context.registry()?;
    let wanted = models(&registry, &args.models)?;
    let age = match args.older_than {
        None => None,
        Some(Moment::Ago(age)) => Some(PruneLimit::Ago(age)),
        Some(Moment::Time(at)) => Some(PruneLimit::At(at)),
        Some(_) => {
            return Err(Failure::usage("`--older-than` takes a time")
                .cure("--older-than 365d, or --older-than 2025-01-01"));
        }
    };
    let rules = PruneWanted {
        age,
        keep: args.keep_last,
        batch: args.batch,
    };
    interrupt::watch();
    let (mut pruned, mut stopped) = (Vec::new(), false);
    for model in &wanted {
        let (one, ended) = walk(context, model, rules, args.apply.apply)?;
        pruned.push((model.name(), one));
        if !ended {
            stopped = true;
            break;
        }
    }
    Ok(Some(Box::new(Shown {
        models: pruned,
        stopped,
        apply: args.apply.apply,
        command: command(context, words(args)),
    })))
}

fn words(args: &Args) -> Vec<String> {
    let mut words: Vec<String> = vec!["prune".to_owned()];
    words.extend(args.models.iter().cloned());
    if let Some(age) = &args.older_than {
        let text = match age {
            Moment::Ago(age) => format!("{}s", age.num_seconds()),
            Moment::Time(at) => at.format("%Y-%m-%dT%H:%M:%S%.f").to_string(),
            _ => String::new(),
        };
        words.extend(["--older-than".to_owned(), days(text)]);
    }
    if let Some(keep) = args.keep_last {
        words.extend(["--keep-last".to_owned(), keep.to_string()]);
    }
    words.push("--apply".to_owned());
    words
}

/// `31536000s` is `365d`.
fn days(text: String) -> String {
    let seconds = text.strip_suffix('s').and_then(|it| it.parse::<i64>().ok());
    match seconds {
        Some(seconds) if seconds % 86_400 == 0 => format!("{}d", seconds / 86_400),
        _ => text,
    }
}

/// To its end, or until somebody stops it.
fn walk(
    context: &mut Context,
    model: &Model,
    rules: PruneWanted,
    apply: bool,
) -> Result<(Pruned, bool), Failure> {
    let conn = match apply {
        true => context.write()?,
        false => context.read()?,
    };
    let keyed = model.on(conn.kind())?.keyed();
    let total = now(about(conn, model.record_table()))?;
    let mut steps = now(PruneSteps::begin(conn, keyed, rules, apply))?;
    let (mut bar, mut pace) = (Bar::new(model.name()), Pace::new(rules.batch));
    loop {
        if interrupt::asked() {
            return Ok((steps.pruned(), false));
        }
        let began = Instant::now();
        let more = now(steps.step(conn, pace.size()))?;
        pace.took(began.elapsed());
        bar.at(steps.pruned().looked_at, total);
        if !more {
            return Ok((steps.pruned(), true));
        }
    }
}

impl Answer for Shown {
    fn data(&self) -> Value {
        let models = self.models.iter();
        let models = models.map(|(name, pruned)| json!({ "model": name, "pruned": pruned }));
        json!({
            "models": models.collect::<Vec<_>>(),
            "stopped": self.stopped,
            "applied": self.apply,
        })
    }

    fn show(&self, page: &mut Page) {
        let wide = self.models.iter().map(|(name, _)| name.chars().count());
        let wide = wide.max().unwrap_or(0);
        for (name, pruned) in &self.models {
            let of = format!(
                "{} of {}",
                value::count(pruned.deleted),
                value::counted(pruned.looked_at, "record")
            );
            let (text, style) = match (pruned.deleted, self.apply) {
                (0, _) => (
                    format!(
                        "nothing to prune among {}",
                        value::counted(pruned.looked_at, "record")
                    ),
                    DIM,
                ),
                (_, true) => (format!("pruned {of}"), GOOD),
                (_, false) => (format!("would prune {of}"), WARN),
            };
            page.spans(&[
                Span::new(format!("{name:<wide$}  "), HEAD),
                Span::new(text, style),
            ]);
            if let Some(horizon) = pruned.horizon {
                let text = format!("as-of answers from {} on", value::time(horizon));
                page.line(format!("{:wide$}  {text}", ""));
            }
        }
        if self.stopped {
            page.line("Stopped; what is left is a consistent history. The same command goes on:");
            page.verbatim(&format!("  {}", self.command));
        } else if self.exit() == Exit::Decide {
            unwritten(page, &self.command);
        }
    }

    fn exit(&self) -> Exit {
        match self.apply || self.models.iter().all(|(_, it)| it.deleted == 0) {
            _ if self.stopped => Exit::Interrupted,
            true => Exit::Fine,
            false => Exit::Decide,
        }
    }
}
