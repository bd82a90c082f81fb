//! `log`: the records of a row, the newest first.

use super::{Answer, Answered, Context};
use crate::history::{FieldChange, Operation, RecordNo};
use crate::manage::object::Target;
use crate::manage::page::{Page, Span};
use crate::manage::style::{DIM, HEAD, NEW, OLD, PLAIN};
use crate::manage::value;
use crate::manage::wait::now;
use crate::registry::{Entry, HistoryPage};
use serde_json::{Value, json};

#[derive(Debug, clap::Args)]
pub(in crate::manage) struct Args {
    #[command(flatten)]
    target: Target,
    /// At most so many records
    #[arg(long, short = 'n', default_value_t = 20, value_name = "N")]
    limit: u32,
    /// Only records before the one with this number, as the last line of a page says
    #[arg(long, value_name = "RECORD")]
    before: Option<i64>,
    /// Only changes of these fields
    #[arg(long, value_name = "FIELD")]
    field: Vec<String>,
    /// Every field, also of an inserted row
    #[arg(long)]
    full: bool,
    /// One line for each record
    #[arg(long)]
    oneline: bool,
}

struct Shown {
    page: HistoryPage,
    object: String,
    older: Option<String>,
    full: bool,
    oneline: bool,
}

pub(super) fn run(args: &Args, context: &mut Context) -> Answered {
    let registry = context.registry()?;
    let found = args.target.find(&registry)?;
    let mut history = found.model.history(&found.key).limit(args.limit);
    if let Some(before) = args.before {
        history = history.before(RecordNo(before));
    }
    let page = now(history.read(context.read()?))?;
    let older = page
        .next
        .map(|next| context.command(format!("log {} --before {next}", found.shown())));
    Ok(Some(Box::new(Shown {
        page,
        object: found.shown(),
        older,
        full: args.full,
        oneline: args.oneline,
    })))
}

impl Answer for Shown {
    fn data(&self) -> Value {
        json!({ "object": self.object, "records": self.page.entries, "next": self.page.next })
    }

    fn show(&self, page: &mut Page) {
        for entry in &self.page.entries {
            head(page, entry);
            if !self.oneline {
                details(page, entry, self.full);
            }
        }
        if let Some(older) = &self.older {
            page.styled(format!("older: {older}"), DIM);
        }
    }
}

fn head(page: &mut Page, entry: &Entry) {
    let changeset = entry
        .changeset_no
        .map_or("–".to_owned(), |no| format!("#{no}"));
    let actor = entry.changeset.as_ref().and_then(|it| it.actor.as_ref());
    let actor = actor.map_or("–".to_owned(), ToString::to_string);
    page.spans(&[
        Span::new(value::time(entry.at), HEAD),
        Span::plain(format!("  {changeset:<7}")),
        Span::plain(format!(" {:<8}", actor)),
        Span::plain(format!(
            " {:<12} v{}",
            entry.operation.to_string(),
            entry.version
        )),
    ]);
}

fn details(page: &mut Page, entry: &Entry, full: bool) {
    if let Some(comment) = entry
        .changeset
        .as_ref()
        .and_then(|it| it.comment.as_deref())
    {
        page.styled(format!("    \"{comment}\""), PLAIN);
    }
    if entry.operation == Operation::Insert && !full {
        let fields = value::counted(
            i64::try_from(entry.changes.len()).unwrap_or(i64::MAX),
            "field",
        );
        page.styled(format!("    {fields}; --full shows them"), DIM);
        return;
    }
    let wide = entry
        .changes
        .iter()
        .map(|it| it.field.len())
        .max()
        .unwrap_or(0);
    for change in &entry.changes {
        field(page, change, wide);
    }
}

fn field(page: &mut Page, change: &FieldChange, wide: usize) {
    let name = Span::plain(format!("    {:<wide$}  ", change.field));
    let left = page.width().saturating_sub(name.width() + 3);
    page.spans(&[
        name,
        Span::new(value::text(&change.old), OLD).fit(left / 2),
        Span::plain(" → "),
        Span::new(value::text(&change.new), NEW),
    ]);
}
