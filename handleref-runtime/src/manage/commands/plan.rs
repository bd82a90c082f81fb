//! `plan`: what an installation would do, as SQL or as a Diesel migration.

use super::{Answer, Answered, Context};
use crate::error::Error;
use crate::maintain::about;
use crate::manage::act::{command, next};
use crate::manage::exit::Exit;
use crate::manage::failure::Failure;
use crate::manage::page::{Page, Span};
use crate::manage::progress::short;
use crate::manage::style::{BAD, DIM, GOOD, HEAD};
use crate::manage::value;
use crate::manage::wait::now;
use crate::schema::{NotWritten, Plan, Schema, TableChange};
use crate::session::Session;
use serde::Serialize;
use serde_json::{Value, json};
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(in crate::manage) struct Args {
    /// Write a Diesel migration below this folder, instead of SQL to the standard output
    #[arg(
        long,
        value_name = "DIR",
        num_args = 0..=1,
        default_missing_value = "migrations"
    )]
    migration: Option<PathBuf>,
    /// What the migration is called, behind its time
    #[arg(long, value_name = "NAME", default_value = "handleref")]
    name: String,
    /// Exit with 1 if there is something to do
    #[arg(long)]
    exit_code: bool,
}

/// What a plan means for one model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct ModelChange {
    /// Its name; that of the table, if it is no recorded model.
    model: String,
    /// What is done, in words; none if nothing is.
    change: Option<String>,
    /// Rows that are to be backfilled afterwards, about.
    pub(super) backfill: Option<i64>,
}

/// The plan, and what it means.
pub(super) struct Planned {
    pub(super) plan: Plan,
    pub(super) models: Vec<ModelChange>,
}

impl Planned {
    pub(super) fn make(schema: &Schema, conn: &mut dyn Session) -> Result<Self, Failure> {
        let plan = now(schema.planned(conn))?;
        let models = now(changes(conn, schema, &plan))?;
        Ok(Self { plan, models })
    }

    /// The names of those that are to be backfilled.
    pub(super) fn due(&self) -> Vec<&str> {
        let due = self.models.iter().filter(|it| it.backfill.is_some());
        due.map(|it| it.model.as_str()).collect()
    }

    pub(super) fn data(&self) -> Value {
        let problems: Vec<String> = self
            .plan
            .problems()
            .iter()
            .map(|it| it.to_string())
            .collect();
        json!({
            "models": self.models,
            "up": self.plan.up(),
            "down": self.plan.down(),
            "locks": self.plan.locks(),
            "problems": problems,
        })
    }

    pub(super) fn problems(&self) -> Vec<Failure> {
        let problems = self.plan.problems().iter();
        problems
            .map(|it| Failure::new(Exit::Decide, "schema", it.to_string()))
            .collect()
    }

    /// A line for each model.
    pub(super) fn show_models(&self, page: &mut Page, prefix: &'static str) {
        let wide = self.models.iter().map(|it| it.model.chars().count());
        let wide = wide.max().unwrap_or(0);
        for one in &self.models {
            let head = Span::new(format!("{prefix}{:<wide$}  ", one.model), HEAD);
            let mut text = one.change.clone().unwrap_or_else(|| "unchanged".to_owned());
            if let Some(rows) = one.backfill {
                let one = if rows == 1 { "row" } else { "rows" };
                text += &format!("; backfill about {} {one}", short(rows));
            }
            let style = if one.change.is_some() { GOOD } else { DIM };
            let room = page.width().saturating_sub(head.width());
            let mut head = Some(head);
            for line in crate::manage::page::wrap(&text, room) {
                let blank = Span::plain(format!("{prefix}{:wide$}  ", ""));
                page.spans(&[head.take().unwrap_or(blank), Span::new(line, style)]);
            }
        }
    }

    pub(super) fn show_problems(&self, page: &mut Page, prefix: &str) {
        for problem in self.plan.problems() {
            page.styled(format!("{prefix}PROBLEM: {problem}"), BAD);
        }
    }

    pub(super) fn show_locks(&self, page: &mut Page) {
        let locks = self.plan.locks();
        if !locks.is_empty() {
            page.styled("Locks:", HEAD);
        }
        for lock in locks {
            page.line(format!("  {lock}"));
        }
    }
}

/// What a plan means for each recorded model, and for the tables of the others.
async fn changes(
    conn: &mut dyn Session,
    schema: &Schema,
    plan: &Plan,
) -> Result<Vec<ModelChange>, Error> {
    let mut tables = plan.tables();
    let mut taken = |name: &str| {
        let at = tables.iter().position(|it| it.table == name)?;
        Some(tables.remove(at))
    };
    let mut models = Vec::new();
    for subject in schema.subjects() {
        let records = taken(subject.recording.records);
        let own = taken(subject.table);
        let is_new = records.as_ref().is_some_and(|it| it.is_new);
        let rows = match is_new && plan.problems().is_empty() {
            true => about(conn, subject.table).await?,
            false => 0,
        };
        models.push(ModelChange {
            model: subject.name.to_owned(),
            change: words(records.into_iter().chain(own)),
            backfill: (rows > 0).then_some(rows),
        });
    }
    for left in tables {
        let ours = left.table.starts_with("handleref_") || left.table == "sqlite_master";
        if !ours {
            models.push(ModelChange {
                model: left.table.clone(),
                change: words([left]),
                backfill: None,
            });
        }
    }
    Ok(models)
}

fn words(tables: impl IntoIterator<Item = TableChange>) -> Option<String> {
    let (mut parts, mut indexes, mut triggers) = (Vec::new(), 0, 0);
    let mut others = false;
    for one in tables {
        if one.is_new {
            parts.push(format!("new: {}", one.table));
        }
        if !one.columns.is_empty() {
            let many = if one.columns.len() == 1 { "" } else { "s" };
            let names = one.columns.join(", ");
            parts.push(format!("+ column{many} {names} in {}", one.table));
        }
        indexes += one.indexes;
        triggers += one.triggers;
        others |= one.others > 0;
    }
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    if indexes > 0 {
        parts.push(match indexes {
            1 => "1 index".to_owned(),
            _ => format!("{} indexes", value::count(number(indexes))),
        });
    }
    if triggers > 0 {
        parts.push(value::counted(number(triggers), "trigger"));
    }
    if parts.is_empty() && others {
        parts.push("altered".to_owned());
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// A migration that was written.
#[derive(Debug, Serialize)]
struct File {
    path: String,
    lines: usize,
}

struct Shown {
    planned: Planned,
    /// The files, if a migration was asked for.
    files: Option<Vec<File>>,
    next: Option<String>,
    exit_code: bool,
}

pub(super) fn run(args: &Args, context: &mut Context) -> Answered {
    let schema = context.schema()?.clone();
    let planned = Planned::make(&schema, context.read()?)?;
    let files = match &args.migration {
        Some(folder) => Some(write(&planned.plan, folder, &args.name)?),
        None => None,
    };
    let due = planned.due();
    let backfill = (!due.is_empty()).then(|| {
        let words = ["backfill"].into_iter().chain(due).chain(["--apply"]);
        command(context, words)
    });
    let first = match &files {
        Some(files) if files.is_empty() => None,
        Some(_) => Some("diesel migration run".to_owned()),
        None => Some(command(context, ["install", "--apply"])),
    };
    let steps: Vec<String> = first.into_iter().chain(backfill).collect();
    let next = (!planned.plan.is_empty()).then(|| steps.join(" && "));
    Ok(Some(Box::new(Shown {
        planned,
        files,
        next,
        exit_code: args.exit_code,
    })))
}

fn write(plan: &Plan, folder: &std::path::Path, name: &str) -> Result<Vec<File>, Failure> {
    let written = plan
        .write_migration(folder, name)
        .map_err(|error| match error {
            NotWritten::Plan(error) => Failure::from(error),
            NotWritten::Name(_) => Failure::usage(error.to_string()),
            NotWritten::File(_) => Failure::new(Exit::Found, "file", error.to_string()),
        })?;
    let Some(folder) = written else {
        return Ok(Vec::new());
    };
    let files = ["up.sql", "down.sql"].iter().map(|name| {
        let path = folder.join(name);
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        File {
            path: path.display().to_string(),
            lines: text.lines().count(),
        }
    });
    Ok(files.collect())
}

impl Answer for Shown {
    fn data(&self) -> Value {
        let mut data = self.planned.data();
        data["files"] = json!(self.files);
        data
    }

    fn show(&self, page: &mut Page) {
        match &self.files {
            Some(files) => {
                self.planned.show_models(page, "");
                if files.is_empty() {
                    page.blank();
                    page.line("Nothing to do; no file was written.");
                    return;
                }
                page.blank();
                let wide = files.iter().map(|it| it.path.chars().count()).max();
                let wide = wide.unwrap_or(0);
                for file in files {
                    page.verbatim(&format!("{:<wide$}  {:>5} lines", file.path, file.lines));
                }
                self.planned.show_locks(page);
                if let Some(command) = &self.next {
                    next(page, command);
                }
            }
            // Everything that is no statement is a comment.
            None => {
                self.planned.show_models(page, "-- ");
                page.line("--");
                page.verbatim(&self.planned.plan.to_string());
                if let Some(next) = &self.next {
                    page.blank();
                    page.verbatim(&format!("-- Next: {next}"));
                }
            }
        }
    }

    fn exit(&self) -> Exit {
        match (self.exit_code, self.planned.plan.is_empty()) {
            _ if !self.planned.plan.problems().is_empty() => Exit::Decide,
            (true, false) => Exit::Found,
            _ => Exit::Fine,
        }
    }

    fn problems(&self) -> Vec<Failure> {
        self.planned.problems()
    }
}
