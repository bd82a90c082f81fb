//! `diff`: what differs between two states of a row.

use super::show::referred;
use super::{Answer, Answered, Context};
use crate::history::{Diff, FieldChange, Side};
use crate::manage::changed::REDACTED;
use crate::manage::exit::Exit;
use crate::manage::failure::Failure;
use crate::manage::moment::{GRAMMAR, Moment};
use crate::manage::object::{Found, Target, shown};
use crate::manage::page::{Page, Span};
use crate::manage::style::{DIM, HEAD, NEW, OLD};
use crate::manage::value;
use crate::manage::wait::now;
use crate::registry::Model;
use chrono::Utc;
use serde_json::{Value, json};

#[derive(Debug, clap::Args)]
pub(in crate::manage) struct Args {
    #[command(flatten)]
    target: Target,
    #[arg(long, short, value_name = "MOMENT", help = format!("From which state; otherwise the one before the last change. {GRAMMAR}"))]
    from: Option<Moment>,
    /// To which state; otherwise as it is now
    #[arg(long, short, value_name = "MOMENT")]
    to: Option<Moment>,
    /// Exit with 1 if anything differs
    #[arg(long)]
    exit_code: bool,
}

struct Shown {
    model: Model,
    diff: Diff,
    exit_code: bool,
}

pub(super) fn run(args: &Args, context: &mut Context) -> Answered {
    let registry = context.registry()?;
    let found = args.target.find(&registry)?;
    let from = match found.version.map(Moment::Version).or(args.from) {
        Some(from) => side(&found, from, context)?,
        None => before_last(&found, context)?,
    };
    let to = match args.to {
        Some(to) => side(&found, to, context)?,
        None => last(&found, context)?,
    };
    let conn = context.read()?;
    let diff = now(found.model.differences(conn, &found.key, (from, to)))?;
    Ok(Some(Box::new(Shown {
        model: found.model,
        diff,
        exit_code: args.exit_code,
    })))
}

fn side(found: &Found, moment: Moment, context: &mut Context) -> Result<Side, Failure> {
    let point = match moment {
        Moment::Version(version) => return Ok(Side::Version(version)),
        other => other.point(Utc::now()),
    };
    let Some(point) = point else {
        return last(found, context);
    };
    let version = now(found.model.version_then(context.read()?, &found.key, point))?;
    version.map(|it| Side::Version(it.0)).ok_or_else(|| {
        let message = format!("{} was not there {moment}", found.shown());
        let cure = context.command(format!("log {}", found.shown()));
        Failure::new(Exit::Found, "not_there", message).cure(cure)
    })
}

/// The row as it is, or as it was last.
fn last(found: &Found, context: &mut Context) -> Result<Side, Failure> {
    let conn = context.read()?;
    if now(found.model.now(conn, &found.key))?.is_some() {
        return Ok(Side::Now);
    }
    let mut page = now(found.model.history(found.key.as_str()).limit(1).paged(conn))?;
    let last = page.entries.pop().ok_or_else(|| found.unknown())?;
    Ok(Side::Version(last.version))
}

fn before_last(found: &Found, context: &mut Context) -> Result<Side, Failure> {
    let conn = context.read()?;
    let page = now(found.model.history(found.key.as_str()).limit(2).paged(conn))?;
    match page.entries.as_slice() {
        [_, before] => Ok(Side::Version(before.version)),
        [only] => Ok(Side::Version(only.version)),
        _ => Err(found.unknown()),
    }
}

/// A field that changed: `title  old → new`. Where both do not fit beside each other, below
/// each other.
pub(super) fn change(page: &mut Page, indent: usize, wide: usize, change: &FieldChange) {
    let pad = " ".repeat(indent);
    let name = Span::plain(format!("{pad}{:<wide$}  ", change.field));
    if change.redacted {
        page.spans(&[name, Span::new(REDACTED, DIM), Span::plain(" changed")]);
        return;
    }
    let (mut old, mut new) = (value::text(&change.old), value::text(&change.new));
    if old == new {
        (old, new) = (value::exact(&change.old), value::exact(&change.new));
    }
    let (old, new) = (Span::new(old, OLD), Span::new(new, NEW));
    if name.width() + old.width() + new.width() + 3 <= page.width() {
        page.spans(&[name, old, Span::plain(" → "), new]);
        return;
    }
    page.spans(&[name, Span::new("- ", OLD), old]);
    let empty = " ".repeat(indent + wide + 2);
    page.spans(&[Span::plain(empty), Span::new("+ ", NEW), new]);
}

fn side_text(side: Side) -> String {
    match side {
        Side::Version(version) => format!("v{version}"),
        Side::Now => "now".to_owned(),
    }
}

impl Answer for Shown {
    fn data(&self) -> Value {
        json!(self.diff)
    }

    fn show(&self, page: &mut Page) {
        let Diff { key, from, to, .. } = &self.diff;
        page.spans(&[
            Span::new(shown(self.model.name(), key), HEAD),
            Span::plain(format!("  {} → {}", side_text(*from), side_text(*to))),
        ]);
        if self.diff.changes.is_empty() {
            page.styled("  no differences", DIM);
        }
        let names = self.diff.changes.iter().map(|it| it.field.len());
        let wide = names.max().unwrap_or(0);
        for one in &self.diff.changes {
            change(page, 2, wide, one);
            let objects = [&one.old, &one.new].map(|it| referred(&self.model, one.field, it));
            if let [Some(old), Some(new)] = objects {
                let pad = " ".repeat(wide + 4);
                page.styled(format!("{pad}{old} → {new}"), DIM);
            }
        }
    }

    fn exit(&self) -> Exit {
        match self.exit_code && !self.diff.changes.is_empty() {
            true => Exit::Found,
            false => Exit::Fine,
        }
    }
}
