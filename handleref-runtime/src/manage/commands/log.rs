//! `log`: the records of a row, the newest first.

use super::{Answer, Answered, Context};
use crate::history::{Operation, RecordNo};
use crate::manage::act::command;
use crate::manage::changed::{actor, comment, fields, inserted};
use crate::manage::exit::Exit;
use crate::manage::failure::Failure;
use crate::manage::filter::{Between, words};
use crate::manage::object::{Found, Target};
use crate::manage::page::{Page, Span};
use crate::manage::style::{DIM, HEAD, PLAIN};
use crate::manage::value;
use crate::manage::wait::now;
use crate::registry::{Entry, HistoryPage};
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

#[derive(Debug, clap::Args)]
pub(in crate::manage) struct Args {
    #[command(flatten)]
    target: Target,
    /// At most so many records
    #[arg(long, short = 'n', default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Only records before the one with this number, as the last line of a page says
    #[arg(long, value_name = "RECORD")]
    before: Option<i64>,
    /// Only those in changesets of this actor
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    #[command(flatten)]
    between: Between,
    /// Only those that changed this field; several may be named
    #[arg(long, value_name = "FIELD")]
    field: Vec<String>,
    /// Only `insert`, `update`, `soft_delete`, `restore`, `delete`, `baseline`, `relative`,
    /// `erase`; several may be named
    #[arg(long, value_name = "OPERATION", value_parser = operation)]
    op: Vec<Operation>,
    /// Whole comments, every field also of inserted rows, and values in full
    #[arg(long)]
    full: bool,
    /// One line for each record
    #[arg(long)]
    oneline: bool,
}

fn operation(text: &str) -> Result<Operation, String> {
    let text = text.to_ascii_lowercase().replace([' ', '-'], "_");
    let names = Operation::ALL.map(Operation::as_str).join(", ");
    Operation::read(&text).ok_or_else(|| format!("it is one of: {names}"))
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
    if let Some(by) = &args.by {
        history = history.by(by.as_str());
    }
    if let Some(since) = args.between.since()? {
        history = history.from(since);
    }
    if let Some(until) = args.between.until()? {
        history = history.until(until);
    }
    for field in &args.field {
        history = history.field(field.as_str());
    }
    for operation in &args.op {
        history = history.operation(*operation);
    }
    let page = now(history.paged(context.read()?))?;
    if page.entries.is_empty() {
        is_there(context, &found)?;
    }
    let older = page.next.map(|next| older(args, context, &found, next));
    Ok(Some(Box::new(Shown {
        page,
        object: found.shown(),
        older,
        full: args.full,
        oneline: args.oneline,
    })))
}

/// An error if there is no record of a row at all.
fn is_there(context: &mut Context, found: &Found) -> Result<(), Failure> {
    let any = found.model.history(&found.key).limit(1);
    if !now(any.paged(context.read()?))?.entries.is_empty() {
        return Ok(());
    }
    let name = found.model.name();
    let shown = found.shown();
    let live = now(found.model.now(context.read()?, &found.key))?.is_some();
    Err(match live {
        true => Failure::new(
            Exit::Found,
            "no_record",
            format!("there is no record of {shown}: it is older than the recording"),
        )
        .cure(context.command(format!("backfill {name} --apply"))),
        false => found.unknown(),
    })
}

/// What is typed for the records before these.
fn older(args: &Args, context: &Context, found: &Found, next: i64) -> String {
    let mut typed = vec![
        "log".to_owned(),
        found.model.name().to_owned(),
        found.key.clone(),
    ];
    typed.extend(words(&[
        ("--by", &args.by),
        (
            "--limit",
            &Some(args.limit.to_string()).filter(|it| it != "20"),
        ),
    ]));
    typed.extend(args.between.words());
    for field in &args.field {
        typed.extend(["--field".to_owned(), field.clone()]);
    }
    for operation in &args.op {
        typed.extend(["--op".to_owned(), operation.to_string()]);
    }
    for (flag, given) in [("--full", args.full), ("--oneline", args.oneline)] {
        typed.extend(given.then(|| flag.to_owned()));
    }
    typed.extend(["--before".to_owned(), next.to_string()]);
    command(context, typed)
}

impl Answer for Shown {
    fn data(&self) -> Value {
        json!({ "object": self.object, "records": self.page.entries, "next": self.page.next })
    }

    fn show(&self, page: &mut Page) {
        if self.page.entries.is_empty() {
            page.styled("no such records", DIM);
        }
        let columns = Columns::of(&self.page.entries, page.width());
        for entry in &self.page.entries {
            let mut line = columns.head(entry);
            if self.oneline {
                let fields: Vec<&str> = entry.changes.iter().map(|it| it.field).collect();
                line.push(Span::new(format!("  {}", fields.join(", ")), DIM));
            }
            page.spans(&line);
            if !self.oneline {
                details(page, entry, self.full);
            }
        }
        if let Some(older) = &self.older {
            page.styled("older:", DIM);
            page.verbatim(&format!("  {older}"));
        }
    }
}

/// How wide the columns of the first lines are.
struct Columns {
    changeset: usize,
    actor: usize,
    operation: usize,
    version: usize,
}

fn changeset(entry: &Entry) -> String {
    let no = entry.changeset_no;
    no.map_or("–".to_owned(), |no| format!("#{no}"))
}

fn version(entry: &Entry) -> String {
    match entry.version_before {
        Some(before) if before != entry.version && entry.operation != Operation::Insert => {
            format!("v{before} → v{}", entry.version)
        }
        _ => format!("v{}", entry.version),
    }
}

fn named(operation: Operation) -> String {
    operation.as_str().replace('_', " ")
}

impl Columns {
    fn of(entries: &[Entry], width: usize) -> Self {
        let widest = |text: &dyn Fn(&Entry) -> String| {
            let all = entries.iter().map(|it| text(it).width());
            all.max().unwrap_or(0)
        };
        let changeset = widest(&changeset);
        let operation = widest(&|it| named(it.operation));
        let version = widest(&version);
        // Of the rest, a name is shown as far as there is room.
        let rest = "2026-11-25 22:14:03".len() + changeset + operation + version + 4 * 2;
        let room = width.saturating_sub(rest).clamp(8, 24);
        Self {
            changeset,
            actor: widest(&|it| actor(it.changeset.as_ref())).min(room),
            operation,
            version,
        }
    }

    fn head(&self, entry: &Entry) -> Vec<Span> {
        let cell = |text: String, width: usize| {
            let span = Span::plain(text).fit(width);
            let pad = " ".repeat(width.saturating_sub(span.width()));
            Span::plain(format!("  {}{pad}", span.text))
        };
        vec![
            Span::new(value::time(entry.at), HEAD),
            cell(changeset(entry), self.changeset),
            cell(actor(entry.changeset.as_ref()), self.actor),
            cell(named(entry.operation), self.operation),
            cell(version(entry), self.version),
        ]
    }
}

fn details(page: &mut Page, entry: &Entry, full: bool) {
    match (&entry.changeset, entry.changeset_no) {
        (Some(changeset), _) => comment(page, changeset, full),
        (None, Some(no)) => page.styled(format!("    changeset #{no} is not there any more"), DIM),
        (None, None) if entry.operation == Operation::Baseline => {
            page.styled("    it was there when the recording began", DIM);
        }
        (None, None) => page.styled("    no changeset: written past the application", DIM),
    }
    if !entry.is_known && entry.operation != Operation::Baseline {
        page.styled("    the record before it is not there any more", DIM);
    }
    if entry.operation == Operation::Insert && !full && !entry.changes.is_empty() {
        let count = i64::try_from(entry.changes.len()).unwrap_or(i64::MAX);
        let count = value::counted(count, "field");
        page.styled(format!("    {count}; --full shows them"), DIM);
        return;
    }
    if entry.operation == Operation::Insert {
        inserted(page, &entry.changes);
        return;
    }
    if entry.operation == Operation::Erase {
        page.styled("    values were erased", PLAIN);
    }
    fields(page, &entry.changes, full);
}
