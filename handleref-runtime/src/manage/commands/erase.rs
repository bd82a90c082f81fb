//! `erase`: personal data of one row is taken out of its records.

use super::{Answer, Answered, Context};
use crate::any::AnyKey;
use crate::error::Error;
use crate::maintain::{EraseWhat, Erased, Unerasable, erase_row};
use crate::manage::act::{Apply, command, unwritten};
use crate::manage::exit::Exit;
use crate::manage::failure::Failure;
use crate::manage::object::Target;
use crate::manage::page::Page;
use crate::manage::style::{GOOD, HEAD, WARN};
use crate::manage::value;
use crate::manage::wait::now;
use serde_json::{Value, json};
use std::borrow::Cow;

#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true).args(["field", "everything"]))]
pub(in crate::manage) struct Args {
    #[command(flatten)]
    target: Target,
    /// This column becomes null, or what an SQL expression says: `email`, `name="'erased'"`
    #[arg(long, value_name = "NAME[=SQL]")]
    field: Vec<String>,
    /// All columns but for the key and what handleref writes itself
    #[arg(long)]
    everything: bool,
    /// The row itself, too, not only its records
    #[arg(long)]
    live_row: bool,
    /// The records of a key that the row had before, too
    #[arg(long, value_name = "KEY")]
    also: Vec<String>,
    #[command(flatten)]
    apply: Apply,
}

struct Shown {
    object: String,
    erased: Erased,
    live_row: bool,
    apply: bool,
    command: String,
}

pub(super) fn run(args: &Args, context: &mut Context) -> Answered {
    let registry = context.registry()?;
    let found = args.target.find(&registry)?;
    if found.version.is_some() {
        return Err(Failure::usage(
            "all records of a row are erased, not one version",
        ));
    }
    let what = EraseWhat {
        wanted: args
            .field
            .iter()
            .map(|it| column(&found.model, it))
            .collect(),
        everything: args.everything,
        live: args.live_row,
    };
    // Tried out, and rolled back, without `--apply`.
    let conn = context.write()?;
    let on = found.model.on(conn.kind())?;
    let keys: Result<Vec<AnyKey>, Error> = std::iter::once(&found.key)
        .chain(&args.also)
        .map(|key| {
            on.key(key).ok_or_else(|| Error::WrongObject {
                object: format!("{} {key}", found.model.name()),
                model: found.model.name(),
            })
        })
        .collect();
    let erased = now(erase_row(conn, on.keyed(), what, keys?, args.apply.apply));
    let erased = erased.map_err(|error| match error {
        Error::Held { .. } => {
            let cure = command(context, ["holds"]);
            Failure::from(error).cure(cure)
        }
        Error::CannotErase {
            reason: Unerasable::NeedsValue,
            ref columns,
            ..
        } => {
            let message = format!(
                "`{}` cannot be null; say what comes in its place, in SQL",
                columns.join("`, `")
            );
            let flags = columns
                .iter()
                .map(|it| format!("--field {it}=\"'erased'\""));
            let flags: Vec<String> = flags.collect();
            Failure::new(Exit::Decide, "needs_value", message).cure(flags.join(" "))
        }
        error => error.into(),
    })?;
    Ok(Some(Box::new(Shown {
        object: found.shown(),
        erased,
        live_row: args.live_row,
        apply: args.apply.apply,
        command: command(context, words(args)),
    })))
}

/// A column by its field's name or its own, and what comes in its place.
fn column(
    model: &crate::registry::Model,
    text: &str,
) -> (Cow<'static, str>, Option<Cow<'static, str>>) {
    let (name, sql) = match text.split_once('=') {
        Some((name, sql)) => (name, Some(Cow::Owned(sql.to_owned()))),
        None => (text, None),
    };
    let mut fields = model.fields();
    let field = fields.find(|it| it.name == name);
    let name = field.map_or_else(|| name.to_owned(), |it| it.column.to_owned());
    (Cow::Owned(name), sql)
}

fn words(args: &Args) -> Vec<String> {
    let mut words: Vec<String> = vec!["erase".to_owned()];
    words.extend(args.target.words().iter().cloned());
    for (flag, values) in [("--field", &args.field), ("--also", &args.also)] {
        words.extend(values.iter().flat_map(|it| [flag.to_owned(), it.clone()]));
    }
    words.extend(args.everything.then(|| "--everything".to_owned()));
    words.extend(args.live_row.then(|| "--live-row".to_owned()));
    words.push("--apply".to_owned());
    words
}

impl Answer for Shown {
    fn data(&self) -> Value {
        json!({ "object": self.object, "erased": self.erased, "applied": self.apply })
    }

    fn show(&self, page: &mut Page) {
        let (word, style) = match self.apply {
            true => ("Erased", GOOD),
            false => ("Would erase", WARN),
        };
        page.styled(format!("{word}, of {}:", self.object), HEAD);
        page.styled(format!("  {}", self.erased.columns.join(", ")), style);
        let records = value::counted(self.erased.records, "record");
        let row = match (self.erased.live_row, self.live_row) {
            (true, _) => ", and in the row itself",
            (false, true) => "; there is no such row any more",
            (false, false) => "; the row itself keeps its values (--live-row)",
        };
        page.line(format!("  in {records}{row}"));
        if !self.apply {
            page.line("  This cannot be undone. Backups, logs and replicas keep what they have.");
            unwritten(page, &self.command);
        }
    }

    fn exit(&self) -> Exit {
        match self.apply {
            true => Exit::Fine,
            false => Exit::Decide,
        }
    }
}
