//! `hold`, `holds` and `release`: records that must not be lost.

use super::{Answer, Answered, Context};
use crate::maintain::holds::{all, end, hold};
use crate::maintain::{Event, Hold, events};
use crate::manage::act::{Apply, command, unwritten};
use crate::manage::exit::Exit;
use crate::manage::failure::Failure;
use crate::manage::object::{Target, model, shown};
use crate::manage::page::{Page, Span};
use crate::manage::style::{DIM, HEAD};
use crate::manage::table::{Column, table};
use crate::manage::value;
use crate::manage::wait::now;
use crate::registry::Registry;
use serde_json::{Value, json};

#[derive(Debug, clap::Args)]
pub(in crate::manage) struct HoldArgs {
    /// A row, or a model: `art7`, `Article 7`, `Article`
    #[arg(required = true, num_args = 1..=2, value_names = ["OBJECT", "KEY"])]
    words: Vec<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    because: String,
    #[command(flatten)]
    apply: Apply,
}

#[derive(Debug, clap::Args)]
pub(in crate::manage) struct ReleaseArgs {
    /// The number of the hold
    #[arg(value_name = "ID")]
    id: i64,
    #[command(flatten)]
    apply: Apply,
}

#[derive(Debug, clap::Args)]
pub(in crate::manage) struct EventsArgs {
    /// Only those of this model
    #[arg(value_name = "MODEL")]
    model: Option<String>,
    /// At most so many
    #[arg(long, short = 'n', default_value_t = 20, value_name = "N")]
    limit: u32,
    /// Only those before this one
    #[arg(long, value_name = "ID")]
    before: Option<i64>,
}

/// A hold that is placed or ended, or would be.
struct One {
    text: String,
    data: Value,
    applied: bool,
    command: String,
}

pub(super) fn place(args: &HoldArgs, context: &mut Context) -> Answered {
    let registry = context.registry()?;
    let (held, key) = match args.words.as_slice() {
        [name] if model(&registry, name).is_ok() => (model(&registry, name)?.clone(), None),
        words => {
            let found = Target::of(words).find(&registry)?;
            (found.model, Some(found.key))
        }
    };
    let conn = match args.apply.apply {
        true => context.write()?,
        false => context.read()?,
    };
    // As it is stored.
    let key = match key {
        Some(key) => Some(held.object(conn.kind(), &key)?.key),
        None => None,
    };
    let name = match &key {
        Some(key) => shown(held.name(), key),
        None => format!("all of {}", held.name()),
    };
    let id = match args.apply.apply {
        true => Some(now(hold(conn, held.subject(), key.clone(), &args.because))?),
        // So that what cannot be held is refused at once.
        false => now(held.subject().installed(conn)).map(|()| None)?,
    };
    let mut words: Vec<String> = vec!["hold".to_owned()];
    words.extend(args.words.iter().cloned());
    words.extend(["--because".to_owned(), args.because.clone()]);
    words.push("--apply".to_owned());
    let because = &args.because;
    let text = match id {
        Some(id) => format!("Hold {id}: {name} is neither pruned nor erased: \"{because}\""),
        None => format!("Hold {name}, so that it is neither pruned nor erased: \"{because}\""),
    };
    Ok(Some(Box::new(One {
        text,
        data: json!({ "hold": id, "model": held.name(), "key": key, "reason": because }),
        applied: args.apply.apply,
        command: command(context, words),
    })))
}

pub(super) fn release(args: &ReleaseArgs, context: &mut Context) -> Answered {
    let registry = context.registry()?;
    let conn = match args.apply.apply {
        true => context.write()?,
        false => context.read()?,
    };
    let found = now(all(conn))?.into_iter().find(|it| it.id == args.id);
    let ended = match (&found, args.apply.apply) {
        (Some(_), true) => now(end(conn, args.id))?,
        (found, _) => found.is_some(),
    };
    let Some(found) = found.filter(|_| ended) else {
        let message = format!("there is no hold {}", args.id);
        return Err(Failure::new(Exit::Found, "no_hold", message).cure(command(context, ["holds"])));
    };
    let name = named(&registry, &found);
    let word = if args.apply.apply {
        "Released"
    } else {
        "Release"
    };
    Ok(Some(Box::new(One {
        text: format!(
            "{word} {name}, held since {}: \"{}\"",
            value::minute(found.placed_at),
            found.reason
        ),
        data: json!(found),
        applied: args.apply.apply,
        command: command(context, ["release", &args.id.to_string(), "--apply"]),
    })))
}

/// What is held, by the name of its model.
fn named(registry: &Registry, hold: &Hold) -> String {
    let mut models = registry.models().iter();
    let model = models.find(|it| it.record_table() == hold.records);
    let model = model.map_or(hold.records.as_str(), |it| it.name());
    match &hold.key {
        Some(key) => shown(model, key),
        None => format!("all of {model}"),
    }
}

impl Answer for One {
    fn data(&self) -> Value {
        let mut data = self.data.clone();
        data["applied"] = json!(self.applied);
        data
    }

    fn show(&self, page: &mut Page) {
        page.line(&self.text);
        if !self.applied {
            unwritten(page, &self.command);
        }
    }

    fn exit(&self) -> Exit {
        match self.applied {
            true => Exit::Fine,
            false => Exit::Decide,
        }
    }
}

struct List {
    holds: Vec<(String, Hold)>,
}

pub(super) fn list(context: &mut Context) -> Answered {
    let registry = context.registry()?;
    let holds = now(all(context.read()?))?;
    let holds = holds.into_iter().map(|it| (named(&registry, &it), it));
    Ok(Some(Box::new(List {
        holds: holds.collect(),
    })))
}

impl Answer for List {
    fn data(&self) -> Value {
        let holds = self.holds.iter().map(|(name, hold)| {
            let mut data = json!(hold);
            data["object"] = json!(name);
            data
        });
        json!({ "holds": holds.collect::<Vec<_>>() })
    }

    fn show(&self, page: &mut Page) {
        if self.holds.is_empty() {
            page.line("Nothing is held.");
            return;
        }
        let columns = [
            Column::number("ID"),
            Column::text("WHAT"),
            Column::text("SINCE"),
            Column::text("WHY").shrinks(),
        ];
        let rows = self.holds.iter().map(|(name, hold)| {
            vec![
                Span::plain(hold.id.to_string()),
                Span::plain(name),
                Span::plain(value::minute(hold.placed_at)),
                Span::plain(&hold.reason),
            ]
        });
        table(page, &columns, rows.collect());
    }
}

struct Log {
    events: Vec<(String, Event)>,
    older: Option<String>,
}

pub(super) fn log(args: &EventsArgs, context: &mut Context) -> Answered {
    let registry = context.registry()?;
    let mut query = events().limit(args.limit.saturating_add(1));
    if let Some(name) = &args.model {
        query = query.of_records(model(&registry, name)?.record_table());
    }
    if let Some(before) = args.before {
        query = query.before(before);
    }
    let mut found = now(query.read(context.read()?))?;
    let most = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let more = found.len() > most;
    found.truncate(most);
    let older = found.last().filter(|_| more).map(|last| {
        let mut words: Vec<String> = vec!["events".to_owned()];
        words.extend(args.model.iter().cloned());
        words.extend(["--before".to_owned(), last.id.to_string()]);
        command(context, words)
    });
    let name = |event: &Event| {
        let records = event.records.as_deref()?;
        let mut models = registry.models().iter();
        let model = models.find(|it| it.record_table() == records);
        Some(model.map_or(records, |it| it.name()).to_owned())
    };
    let events = found
        .into_iter()
        .map(|it| (name(&it).unwrap_or_default(), it));
    Ok(Some(Box::new(Log {
        events: events.collect(),
        older,
    })))
}

impl Answer for Log {
    fn data(&self) -> Value {
        let events: Vec<&Event> = self.events.iter().map(|(_, event)| event).collect();
        json!({ "events": events })
    }

    fn show(&self, page: &mut Page) {
        if self.events.is_empty() {
            page.line("Nothing was done to the history.");
            return;
        }
        let columns = [
            Column::text("WHEN"),
            Column::text("WHAT"),
            Column::text("MODEL"),
            Column::number("RECORDS"),
            Column::text("PARTICULARS").shrinks(),
        ];
        let rows = self.events.iter().map(|(name, event)| {
            vec![
                Span::plain(value::time(event.at)),
                Span::new(event.kind.as_str(), HEAD),
                Span::plain(name),
                Span::plain(event.affected.map(value::count).unwrap_or_default()),
                Span::plain(particulars(&event.detail)),
            ]
        });
        table(page, &columns, rows.collect());
        if let Some(older) = &self.older {
            page.spans(&[Span::new("older:", DIM)]);
            page.verbatim(&format!("  {older}"));
        }
    }
}

/// What is known besides, without what another column says.
fn particulars(detail: &Value) -> String {
    match detail {
        Value::Object(fields) => {
            let said = |(name, value): &(&String, &Value)| *name != "model" && !value.is_null();
            let fields = fields.iter().filter(said);
            let texts = fields.map(|(name, value)| format!("{name}: {}", value::text(value)));
            texts.collect::<Vec<_>>().join(", ")
        }
        Value::Null => String::new(),
        other => value::text(other),
    }
}
