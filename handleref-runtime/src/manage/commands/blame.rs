//! `blame`: for each field the change that set it to what it is.

use super::{Answer, Answered, Context};
use crate::changeset::{Changeset, find_all};
use crate::history::{Blame, ChangesetNo};
use crate::manage::changed::first_line;
use crate::manage::object::Target;
use crate::manage::page::{Page, Span};
use crate::manage::style::{DIM, PLAIN};
use crate::manage::table::{Column, table};
use crate::manage::value;
use crate::manage::wait::now;
use crate::registry::Role;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

#[derive(Debug, clap::Args)]
pub(in crate::manage) struct Args {
    #[command(flatten)]
    target: Target,
    /// Only these fields
    #[arg(long, value_name = "FIELD")]
    field: Vec<String>,
}

struct Shown {
    object: String,
    fields: Vec<Blame>,
    /// Those of them that say something to people: not the key, nor what every write changes.
    telling: Vec<&'static str>,
    values: Map<String, Value>,
    changesets: HashMap<ChangesetNo, Changeset>,
}

pub(super) fn run(args: &Args, context: &mut Context) -> Answered {
    let registry = context.registry()?;
    let found = args.target.find(&registry)?;
    let (model, key) = (&found.model, found.key.as_str());
    let known = |name: &String| {
        model
            .fields()
            .any(|field| field.name == name && field.is_recorded)
    };
    if let Some(field) = args.field.iter().find(|name| !known(name)) {
        let (model, field) = (model.name(), field.clone());
        return Err(crate::error::Error::NoField { model, field }.into());
    }
    let conn = context.read()?;
    let mut fields = now(model.blamed(conn, key))?;
    fields.retain(|it| args.field.is_empty() || args.field.iter().any(|name| name == it.field));
    let last = now(model.history(key).limit(1).paged(conn))?.entries.pop();
    let Some(last) = last else {
        return Err(found.unknown());
    };
    let values = match now(model.now(conn, key))? {
        Some(row) => row.values,
        None => last.values,
    };
    let is_plain = |role| {
        !matches!(
            role,
            Some(Role::Key | Role::Version | Role::CreatedAt | Role::UpdatedAt)
        )
    };
    let telling = model
        .fields()
        .filter(|it| !args.field.is_empty() || is_plain(it.role));
    let telling = telling.map(|it| it.name).collect();
    let numbers: Vec<i64> = fields
        .iter()
        .filter_map(|it| Some(it.changeset?.0))
        .collect();
    let changesets = now(find_all(conn, &numbers))?;
    Ok(Some(Box::new(Shown {
        object: found.shown(),
        fields,
        telling,
        values,
        changesets: changesets.into_iter().map(|it| (it.no, it)).collect(),
    })))
}

impl Shown {
    fn changeset(&self, blame: &Blame) -> Option<&Changeset> {
        self.changesets.get(&blame.changeset?)
    }
}

impl Answer for Shown {
    fn data(&self) -> Value {
        let fields = self.fields.iter().map(|blame| {
            let mut field = json!(blame);
            field["value"] = json!(self.values.get(blame.field));
            field["changeset"] = json!(self.changeset(blame));
            field["changeset_no"] = json!(blame.changeset);
            field
        });
        json!({ "object": self.object, "fields": fields.collect::<Vec<_>>() })
    }

    fn show(&self, page: &mut Page) {
        const COLUMNS: [Column<'_>; 6] = [
            Column::text("FIELD"),
            Column::text("VALUE").shrinks(),
            Column::text("SINCE"),
            Column::text("WHEN"),
            Column::text("WHO").shrinks(),
            Column::text("WHY").shrinks(),
        ];
        let fields = self
            .fields
            .iter()
            .filter(|it| self.telling.contains(&it.field));
        let rows = fields.map(|blame| {
            let changeset = self.changeset(blame);
            let actor = changeset
                .and_then(|it| it.actor.as_ref())
                .map(ToString::to_string);
            let comment = changeset
                .and_then(|it| it.comment.as_deref())
                .map(first_line);
            let known = |text: Option<&str>| match text {
                Some(text) => Span::new(text, PLAIN),
                None => Span::new("–", DIM),
            };
            vec![
                Span::plain(blame.field),
                self.values
                    .get(blame.field)
                    .map_or_else(|| known(None), value::span),
                Span::plain(format!("v{}", blame.version)),
                Span::plain(value::minute(blame.at)),
                known(actor.as_deref()),
                known(comment.as_deref()),
            ]
        });
        table(page, &COLUMNS, rows.collect());
    }
}
