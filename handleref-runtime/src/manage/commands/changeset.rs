//! `changeset`: what one did to which objects.

use super::changesets::number;
use super::{Answer, Answered, Context};
use crate::changeset::{Changes, Changeset, ObjectChange, State, changes_of, changeset};
use crate::history::ChangesetNo;
use crate::manage::act::next;
use crate::manage::changed::{actor, comment, fields, inserted};
use crate::manage::object::shown;
use crate::manage::page::{Page, Span};
use crate::manage::style::{BAD, DIM, GOOD, HEAD, NEW, OLD, PLAIN};
use crate::manage::value;
use crate::manage::wait::now;
use serde_json::{Value, json};

#[derive(Debug, clap::Args)]
pub(in crate::manage) struct Args {
    /// Which one: `1841` or `#1841`
    #[arg(value_name = "NO", value_parser = number)]
    no: i64,
    /// Show at most so many objects
    #[arg(long, short = 'n', default_value_t = 20, value_name = "N")]
    limit: usize,
    /// The whole comment, every field also of inserted rows, and values in full
    #[arg(long)]
    full: bool,
}

struct Shown {
    changeset: Changeset,
    changes: Changes,
    limit: usize,
    full: bool,
    undo: String,
}

pub(super) fn run(args: &Args, context: &mut Context) -> Answered {
    let registry = context.registry()?;
    let conn = context.read()?;
    let found = now(changeset(conn, ChangesetNo(args.no)))?;
    let changes = now(changes_of(conn, registry.engines(), &found))?;
    Ok(Some(Box::new(Shown {
        changeset: found,
        changes,
        limit: args.limit,
        full: args.full,
        undo: context.command(format!("undo {}", args.no)),
    })))
}

impl Answer for Shown {
    fn data(&self) -> Value {
        let objects: Vec<&ObjectChange> = self.changes.iter().take(self.limit).collect();
        json!({ "changeset": self.changeset, "objects": objects, "count": self.changes.len() })
    }

    fn show(&self, page: &mut Page) {
        let it = &self.changeset;
        page.spans(&[
            Span::new(format!("#{}", it.no), HEAD),
            Span::plain(format!("  {}  ", value::time(it.at))),
            Span::new(actor(Some(it)), HEAD),
        ]);
        comment(page, it, self.full);
        if let Some(no) = it.undoes {
            page.styled(format!("    undoes #{no}"), PLAIN);
        }
        if let Some(correlation) = &it.correlation {
            page.styled(format!("    correlation {correlation}"), DIM);
        }
        if let Some(metadata) = &it.metadata {
            page.styled(format!("    {metadata}"), DIM);
        }
        page.blank();
        for change in self.changes.iter().take(self.limit) {
            object(page, change, self.full);
        }
        let rest = self.changes.len().saturating_sub(self.limit);
        match (self.changes.is_empty(), rest) {
            (true, _) => page.styled("nothing is different after it", DIM),
            (_, 0) => {}
            _ => page.styled(
                format!("and {} more objects; --limit {}", rest, self.changes.len()),
                DIM,
            ),
        }
        if !self.changes.is_empty() {
            next(page, &self.undo);
        }
    }
}

fn object(page: &mut Page, change: &ObjectChange, full: bool) {
    let name = shown(&change.object.model, &change.object.key);
    match change.state {
        Some(state) => {
            let style = if state.symbol() == '+' { GOOD } else { BAD };
            page.spans(&[
                Span::new(format!("{} ", state.symbol()), style),
                Span::new(name, HEAD),
                Span::plain(format!("  {state}")),
            ]);
        }
        None => page.spans(&[Span::plain("  "), Span::new(name, HEAD)]),
    }
    if !change.known {
        page.styled("    what it was before is not known any more", DIM);
    }
    let added = change.state == Some(State::Added);
    if added && !full && !change.values.is_empty() {
        let count = i64::try_from(change.values.len()).unwrap_or(i64::MAX);
        let count = value::counted(count, "field");
        page.styled(format!("    {count}; --full shows them"), DIM);
    } else if added {
        inserted(page, &change.values);
    } else {
        fields(page, &change.values, full);
    }
    for link in &change.links {
        let (sign, style) = if link.added { ("+", NEW) } else { ("-", OLD) };
        page.spans(&[
            Span::new(format!("    {sign} "), style),
            Span::plain(shown(&link.to.model, &link.to.key)),
            Span::new(format!("  ({})", link.through), DIM),
        ]);
    }
}
