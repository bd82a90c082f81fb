//! `changesets`: who did something, when and why; the newest first.

use super::{Answer, Answered, Context};
use crate::changeset::{Changeset, Sought, changesets_like};
use crate::history::ChangesetNo;
use crate::manage::act::command;
use crate::manage::changed::{actor, first_line};
use crate::manage::filter::{Between, words};
use crate::manage::page::{Page, Span};
use crate::manage::style::{DIM, HEAD};
use crate::manage::table::{Column, table};
use crate::manage::value;
use crate::manage::wait::now;
use serde_json::{Value, json};

#[derive(Debug, clap::Args)]
pub(in crate::manage) struct Args {
    /// Only those of this actor
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    #[command(flatten)]
    between: Between,
    /// Only those with this correlation id
    #[arg(long, value_name = "ID")]
    correlation: Option<String>,
    /// At most so many
    #[arg(long, short = 'n', default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Only those before the one with this number, as the last line says
    #[arg(long, value_name = "NO", value_parser = number)]
    before: Option<i64>,
}

/// The number of a changeset: `#1841` or `1841`.
pub(super) fn number(text: &str) -> Result<i64, String> {
    let digits = text.trim().trim_start_matches('#');
    let found = digits.parse().ok().filter(|it| *it > 0);
    found.ok_or_else(|| "a changeset is a number: `1841` or `#1841`".to_owned())
}

struct Shown {
    changesets: Vec<Changeset>,
    /// Before which older ones are.
    next: Option<ChangesetNo>,
    older: Option<String>,
}

pub(super) fn run(args: &Args, context: &mut Context) -> Answered {
    let sought = Sought {
        actor: args.by.clone(),
        correlation: args.correlation.clone(),
        from: args.between.since()?,
        until: args.between.until()?,
        before: args.before.map(ChangesetNo),
    };
    let mut changesets = now(changesets_like(context.read()?, sought, args.limit + 1))?;
    let most = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let more = changesets.len() > most;
    changesets.truncate(most);
    let next = changesets.last().filter(|_| more).map(|it| it.no);
    let older = next.map(|next| {
        let mut typed = vec!["changesets".to_owned()];
        typed.extend(words(&[
            ("--by", &args.by),
            ("--correlation", &args.correlation),
            (
                "--limit",
                &Some(args.limit.to_string()).filter(|it| it != "20"),
            ),
            ("--before", &Some(next.to_string())),
        ]));
        typed.extend(args.between.words());
        command(context, typed)
    });
    Ok(Some(Box::new(Shown {
        changesets,
        next,
        older,
    })))
}

impl Answer for Shown {
    fn data(&self) -> Value {
        json!({ "changesets": self.changesets, "next": self.next })
    }

    fn show(&self, page: &mut Page) {
        if self.changesets.is_empty() {
            page.styled("no changesets", DIM);
            return;
        }
        let columns = [
            Column::number("NO"),
            Column::text("WHEN"),
            Column::text("WHO").shrinks(),
            Column::text("WHY").shrinks(),
        ];
        let rows = self.changesets.iter().map(|it| {
            let mut why = it.comment.as_deref().map(first_line).unwrap_or_default();
            if let Some(undone) = it.undoes {
                why = format!("{why} (undoes #{undone})").trim_start().to_owned();
            }
            vec![
                Span::new(format!("#{}", it.no), HEAD),
                Span::plain(value::time(it.at)),
                Span::plain(actor(Some(it))),
                Span::plain(why),
            ]
        });
        table(page, &columns, rows.collect());
        if let Some(older) = &self.older {
            page.blank();
            page.styled("older:", DIM);
            page.verbatim(&format!("  {older}"));
        }
    }
}
