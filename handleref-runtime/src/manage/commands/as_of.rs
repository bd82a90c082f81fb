//! `as-of`: rows as they were; a row, a page of a table, or a query.

use super::show;
use super::{Answer, Answered, Context};
use crate::manage::failure::Failure;
use crate::manage::moment::{GRAMMAR, Moment};
use crate::manage::object::model;
use crate::manage::page::{Page, Span};
use crate::manage::style::DIM;
use crate::manage::table::{Column, table};
use crate::manage::value;
use crate::manage::wait::now;
use crate::registry::{self, Model, Role, Table, in_every_table};
use chrono::Utc;
use serde_json::{Value, json};

#[derive(Debug, clap::Args)]
pub(in crate::manage) struct Args {
    #[arg(value_name = "MOMENT", help = format!("When: {GRAMMAR}"))]
    moment: Moment,
    /// Rows of this model
    #[arg(required_unless_present = "sql", conflicts_with = "sql")]
    model: Option<String>,
    /// Only the row with this key
    key: Option<String>,
    /// One SELECT: each recorded table in it is as it was then
    #[arg(long, value_name = "SELECT")]
    sql: Option<String>,
    /// At most so many rows of a model
    #[arg(long, short = 'n', default_value_t = 20, value_name = "N")]
    limit: u32,
    /// Only rows behind the one with this key
    #[arg(long, value_name = "KEY")]
    after: Option<String>,
}

pub(super) fn run(args: &Args, context: &mut Context) -> Answered {
    if let (Some(name), Some(key)) = (&args.model, &args.key) {
        return show::of_then(name, key, args.moment, context);
    }
    let registry = context.registry()?;
    // What is now is the past up to now.
    let point = match args.moment {
        Moment::Now => Moment::Ago(chrono::Duration::zero()).point(Utc::now()),
        moment => moment.point(Utc::now()),
    };
    let point = point.ok_or_else(|| Failure::usage("this moment is before all times"))?;
    if let Some(sql) = &args.sql {
        let found = now(registry.asked_as_of(context.read()?, point, sql))?;
        return Ok(Some(Box::new(Queried(found))));
    }
    let point = now(in_every_table(context.read()?, point))?;
    let name = args.model.as_deref().unwrap_or_default();
    let model = model(&registry, name)?.clone();
    let mut rows = model.rows().with_deleted().limit(args.limit).as_of(point);
    if let Some(after) = &args.after {
        rows = rows.after(after.as_str());
    }
    let page = now(rows.paged(context.read()?))?;
    let more = page
        .next
        .as_ref()
        .map(|next| format!("more: --after {next}"));
    Ok(Some(Box::new(Rows { model, page, more })))
}

struct Queried(Table);

struct Rows {
    model: Model,
    page: registry::Page,
    more: Option<String>,
}

impl Answer for Queried {
    fn data(&self) -> Value {
        json!(self.0)
    }

    fn show(&self, page: &mut Page) {
        if self.0.rows.is_empty() {
            page.styled("no rows", DIM);
            return;
        }
        let columns = self
            .0
            .columns
            .iter()
            .map(|name| Column::text(name).shrinks());
        let rows = self
            .0
            .rows
            .iter()
            .map(|row| row.iter().map(value::span).collect());
        table(page, &columns.collect::<Vec<_>>(), rows.collect());
    }
}

impl Answer for Rows {
    fn data(&self) -> Value {
        json!({ "model": self.model.name(), "rows": self.page.objects, "next": self.page.next })
    }

    fn show(&self, page: &mut Page) {
        if self.page.objects.is_empty() {
            page.styled(format!("no rows of {}", self.model.name()), DIM);
            return;
        }
        // When a row was written is said by its log, and takes half of a line here.
        let is_stamp = |role| matches!(role, Some(Role::CreatedAt | Role::UpdatedAt));
        let fields = self
            .model
            .fields()
            .filter(|it| it.is_recorded && !is_stamp(it.role));
        let fields: Vec<&str> = fields.map(|it| it.name).collect();
        let columns = fields.iter().map(|name| Column::text(name).shrinks());
        let rows = self.page.objects.iter().map(|row| {
            let value = |name: &&str| {
                row.values
                    .get(*name)
                    .map_or_else(|| Span::plain(""), value::span)
            };
            fields.iter().map(value).collect()
        });
        table(page, &columns.collect::<Vec<_>>(), rows.collect());
        if let Some(more) = &self.more {
            page.styled(more, DIM);
        }
    }
}
