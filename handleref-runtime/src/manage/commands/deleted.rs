//! `deleted`: the rows of a model that were deleted last.

use super::{Answer, Answered, Context};
use crate::manage::changed::first_line;
use crate::manage::object::{model, shown};
use crate::manage::page::{Page, Span};
use crate::manage::style::DIM;
use crate::manage::table::{Column, table};
use crate::manage::value;
use crate::manage::wait::now;
use crate::registry::{Deletion, Model};
use serde_json::{Value, json};

#[derive(Debug, clap::Args)]
pub(in crate::manage) struct Args {
    /// Of which model
    model: String,
    /// Those that are not there any more, instead of the soft-deleted ones
    #[arg(long)]
    gone: bool,
    /// At most so many
    #[arg(long, short = 'n', default_value_t = 20, value_name = "N")]
    limit: u32,
}

struct Shown {
    model: Model,
    rows: Vec<Deletion>,
    gone: bool,
    limit: u32,
    next: Option<String>,
}

pub(super) fn run(args: &Args, context: &mut Context) -> Answered {
    let registry = context.registry()?;
    let model = model(&registry, &args.model)?.clone();
    let conn = context.read()?;
    let rows = match args.gone {
        true => now(model.ends(conn, args.limit))?,
        false => now(model.deletions(conn, args.limit))?,
    };
    let first = rows.first().map(|it| shown(model.name(), &it.object.key));
    let next = first.map(|row| match args.gone {
        true => context.command(format!("log {row}")),
        false => context.command(format!("restore {row}")),
    });
    Ok(Some(Box::new(Shown {
        model,
        rows,
        gone: args.gone,
        limit: args.limit,
        next,
    })))
}

impl Answer for Shown {
    fn data(&self) -> Value {
        json!({ "model": self.model.name(), "rows": self.rows })
    }

    fn show(&self, page: &mut Page) {
        if self.rows.is_empty() {
            page.line(match (self.gone, self.model.is_soft_deleted()) {
                (true, _) => format!("No row of {} is gone.", self.model.name()),
                (false, true) => format!("No row of {} is soft-deleted.", self.model.name()),
                (false, false) => format!("Rows of {} are not soft-deleted.", self.model.name()),
            });
            return;
        }
        const COLUMNS: [Column<'_>; 5] = [
            Column::text("OBJECT").shrinks(),
            Column::text("WAS").shrinks(),
            Column::text("DELETED"),
            Column::text("BY").shrinks(),
            Column::text("WHY").shrinks(),
        ];
        let rows = self.rows.iter().map(|row| {
            let last = row.last.as_ref();
            let changeset = last.and_then(|it| it.changeset.as_ref());
            let actor = changeset
                .and_then(|it| it.actor.as_ref())
                .map(ToString::to_string);
            let comment = changeset
                .and_then(|it| it.comment.as_deref())
                .map(first_line);
            let known = |text: Option<&str>| match text {
                Some(text) => Span::plain(text),
                None => Span::new("–", DIM),
            };
            vec![
                Span::plain(shown(self.model.name(), &row.object.key)),
                known(label(&self.model, row).as_deref()),
                Span::plain(last.map_or_else(String::new, |it| value::minute(it.at))),
                known(actor.as_deref()),
                known(comment.as_deref()),
            ]
        });
        table(page, &COLUMNS, rows.collect());
        if u32::try_from(self.rows.len()) == Ok(self.limit) {
            page.styled(format!("the last {}; more: --limit", self.limit), DIM);
        }
        if let Some(next) = &self.next {
            page.verbatim(&format!(
                "{}: {next}",
                if self.gone { "its past" } else { "restore" }
            ));
        }
    }
}

/// The first text of a row, by which people know it.
fn label(model: &Model, row: &Deletion) -> Option<String> {
    let mut fields = model
        .fields()
        .filter(|it| it.role.is_none() && it.references.is_none());
    let text = |name: &str| row.object.values.get(name).and_then(Value::as_str);
    fields.find_map(|field| text(field.name)).map(str::to_owned)
}
