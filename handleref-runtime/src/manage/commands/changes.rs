//! `changes`: what changed since a cursor, in the order in which it became visible.

use super::{Answered, Context};
use crate::any::Engines;
use crate::engine::Kind;
use crate::manage::act::{command, models};
use crate::manage::args::{Color, width};
use crate::manage::envelope::SCHEMA;
use crate::manage::exit::Exit;
use crate::manage::failure::Failure;
use crate::manage::interrupt;
use crate::manage::object::shown;
use crate::manage::page::{Page, Span, harmless};
use crate::manage::pager::stream;
use crate::manage::style::{DIM, HEAD};
use crate::manage::value;
use crate::manage::wait::now;
use crate::registry::{Model, Object, Registry};
use crate::session::Session;
use crate::sync::{Batch, Change, Cursor, batch_of, now_of};
use serde_json::{Value, json};
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[derive(Debug, clap::Args)]
pub(in crate::manage) struct Args {
    /// Behind this cursor, which the last line of the time before says; or `beginning`, or
    /// `now`. Otherwise from the beginning, with --follow from now on
    #[arg(long, value_name = "CURSOR")]
    since: Option<String>,
    /// At most so many changes; otherwise 100, and with --follow without an end
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Go on with what comes, until Ctrl-C
    #[arg(long, short)]
    follow: bool,
    /// Only changes of this model; several may be named. A cursor is good for the same models
    #[arg(long, value_name = "MODEL")]
    model: Vec<String>,
}

/// How often it looks for more.
const EVERY: Duration = Duration::from_millis(250);
/// The most that are read at once.
const PAGE: u32 = 1_000;

pub(super) fn run(args: &Args, context: &mut Context) -> Answered {
    interrupt::watch();
    let registry = context.registry()?;
    let wanted = models(&registry, &args.model)?;
    let mut feed = Feed {
        engines: engines(&registry, &wanted, args.model.is_empty()),
        models: wanted,
        json: context.global.json,
        color: context.global.color,
        cursor: Cursor::beginning(),
        shown: 0,
        more: false,
    };
    // On MySQL, whoever reads numbers what is new.
    let numbers = context.read()?.kind() == Kind::Mysql;
    let conn = match numbers {
        true => context.write()?,
        false => context.read()?,
    };
    feed.cursor = match args.since.as_deref() {
        Some("beginning") => Cursor::beginning(),
        None if !args.follow => Cursor::beginning(),
        Some("now") | None => now(now_of(conn, feed.engines.clone()))?,
        Some(text) => text.parse().map_err(|error: crate::sync::InvalidCursor| {
            Failure::new(Exit::Usage, "cursor", error.to_string())
        })?,
    };
    let most = match (args.limit, args.follow) {
        (Some(limit), _) => Some(limit),
        (None, true) => None,
        (None, false) => Some(100),
    };
    let ended = feed.run(conn, most, args.follow);
    let again = again(args, context, &feed.cursor);
    // A reader that goes away is no failure, and where it stands is of use to whoever
    // started it.
    match ended {
        Ok(()) => feed.end(args.follow, &again),
        Err(failure) => Err(match failure.code {
            // Not with this cursor.
            "cursor" | "too_old" => failure
                .cure(context.command("changes --since beginning, or now, which leaves a gap")),
            _ if args.follow => failure.cure(again),
            _ => failure,
        }),
    }
}

/// What is asked for; the whole registry as one, so that its cursors are the library's.
fn engines(registry: &Registry, wanted: &[Model], all: bool) -> Arc<[Engines]> {
    match all {
        true => registry.engines(),
        false => wanted.iter().map(Model::engines).collect(),
    }
}

/// What is typed to go on.
fn again(args: &Args, context: &Context, cursor: &Cursor) -> String {
    let mut typed = vec!["changes".to_owned()];
    for model in &args.model {
        typed.extend(["--model".to_owned(), model.clone()]);
    }
    typed.extend(args.follow.then(|| "--follow".to_owned()));
    typed.extend(["--since".to_owned(), cursor.to_string()]);
    command(context, typed)
}

/// A stream of changes.
struct Feed {
    models: Vec<Model>,
    engines: Arc<[Engines]>,
    json: bool,
    color: Color,
    /// Behind what was shown.
    cursor: Cursor,
    shown: u32,
    more: bool,
}

impl Feed {
    /// Shows what there is, and what comes if that is asked for.
    fn run(
        &mut self,
        conn: &mut dyn Session,
        most: Option<u32>,
        follow: bool,
    ) -> Result<(), Failure> {
        loop {
            let left = most.map_or(PAGE, |most| most - self.shown);
            let batch = batch_of(conn, self.engines.clone(), &self.cursor, left.min(PAGE));
            let batch = now(batch)?;
            if !self.show(&batch, follow)? {
                return Ok(());
            }
            self.shown += u32::try_from(batch.changes.len()).unwrap_or(u32::MAX);
            self.more = batch.more;
            self.cursor = batch.cursor;
            let full = most.is_some_and(|most| self.shown >= most);
            if full || !(batch.more || follow) || interrupt::asked() {
                return Ok(());
            }
            if !batch.more && !waited() {
                return Ok(());
            }
        }
    }

    /// `false` if nobody reads.
    fn show(&self, batch: &Batch, follow: bool) -> Result<bool, Failure> {
        if batch.changes.is_empty() {
            return Ok(true);
        }
        let mut text = String::new();
        if self.json {
            for change in &batch.changes {
                text += &line(&json!({ "schema": SCHEMA, "change": self.value(change) }));
            }
            if follow {
                // What is before this line is read, and needs not be read again.
                text += &line(&json!({ "schema": SCHEMA, "cursor": batch.cursor }));
            }
        } else {
            let mut page = Page::new(width());
            batch.changes.iter().for_each(|it| show(&mut page, it));
            text = page.finish();
        }
        written(&text, self.color)
    }

    /// A change, without what must not come out.
    fn value(&self, change: &Change) -> Value {
        let model = self.models.iter().find(|it| it.name() == change.model);
        let row = model.filter(|_| !change.is_delete());
        let row = row.map(|model| Object::changed(model, change).values);
        json!({
            "id": change.id,
            "model": change.model,
            "key": change.key,
            "version": change.version,
            "operation": change.operation,
            "at": change.at,
            "changeset": change.changeset,
            "redacted": change.redacted,
            "row": row,
        })
    }

    /// The last line: where it ends.
    fn end(&self, follow: bool, again: &str) -> Answered {
        let text = if self.json {
            line(&json!({
                "schema": SCHEMA,
                "ok": true,
                "command": "changes",
                "data": { "cursor": self.cursor, "more": self.more, "count": self.shown },
                "problems": [],
            }))
        } else if !follow {
            let mut page = Page::new(width());
            if self.shown == 0 {
                page.styled("no changes", DIM);
            }
            page.styled(
                if self.more {
                    "more:"
                } else {
                    "what comes after it:"
                },
                DIM,
            );
            page.verbatim(&format!("  {again}"));
            page.finish()
        } else {
            String::new()
        };
        written(&text, self.color)?;
        if follow {
            let mut out = std::io::stderr().lock();
            let _ = writeln!(out, "To go on:\n  {}", harmless(again));
        }
        Ok(None)
    }
}

fn line(value: &Value) -> String {
    format!("{value}\n")
}

fn written(text: &str, color: Color) -> Result<bool, Failure> {
    stream(text, color).map_err(|error| Failure::new(Exit::Found, "output", error.to_string()))
}

fn show(page: &mut Page, change: &Change) {
    let changeset = change.changeset;
    let changeset = changeset.map_or("–".to_owned(), |no| format!("#{no}"));
    let operation = change.operation.as_str().replace('_', " ");
    page.spans(&[
        Span::new(value::time(change.at), HEAD),
        Span::plain(format!("  {changeset:<6}  {operation:<11}  ")),
        Span::plain(shown(change.model, &change.key)),
        Span::new(format!("  v{}", change.version), DIM),
    ]);
}

/// Waits until it is time to look again; `false` if somebody has pressed Ctrl-C.
fn waited() -> bool {
    let began = Instant::now();
    while began.elapsed() < EVERY {
        if interrupt::asked() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    !interrupt::asked()
}
