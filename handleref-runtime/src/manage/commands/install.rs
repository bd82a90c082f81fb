//! `install`: what is missing in the database is made.

use super::plan::Planned;
use super::{Answer, Answered, Context};
use crate::engine::Kind;
use crate::error::Error;
use crate::manage::act::{Apply, command, next, unwritten};
use crate::manage::exit::Exit;
use crate::manage::failure::Failure;
use crate::manage::page::Page;
use crate::manage::wait::now;
use crate::schema::Schema;
use crate::session::Session;
use crate::sql::raw;
use serde_json::{Value, json};
use std::time::Duration;

#[derive(Debug, clap::Args)]
pub(in crate::manage) struct Args {
    #[command(flatten)]
    apply: Apply,
    /// How long to wait for a lock, in seconds; who comes meanwhile waits behind it
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=3600))]
    lock_timeout: u32,
    /// How often to try, a second apart
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1000))]
    tries: u32,
}

struct Shown {
    planned: Planned,
    applied: bool,
    command: String,
    backfill: Option<String>,
}

pub(super) fn run(args: &Args, context: &mut Context) -> Answered {
    let schema = context.schema()?.clone();
    let planned = match args.apply.apply {
        true => Planned::make(&schema, context.write()?)?,
        false => Planned::make(&schema, context.read()?)?,
    };
    let applied = args.apply.apply && planned.plan.problems().is_empty();
    if applied && !planned.plan.is_empty() {
        apply(args, &schema, context)?;
    }
    let due = planned.due();
    let backfill = (!due.is_empty()).then(|| {
        let words = ["backfill"].into_iter().chain(due).chain(["--apply"]);
        command(context, words)
    });
    Ok(Some(Box::new(Shown {
        planned,
        applied,
        command: command(context, ["install", "--apply"]),
        backfill,
    })))
}

fn apply(args: &Args, schema: &Schema, context: &mut Context) -> Result<(), Failure> {
    let conn = context.write()?;
    now(limit(conn, args.lock_timeout))?;
    for tried in 1..=args.tries {
        match now(schema.installed(conn)) {
            Ok(_) => return Ok(()),
            Err(Error::Conflict { .. }) if tried < args.tries => {
                std::thread::sleep(Duration::from_secs(1));
            }
            Err(error @ Error::Conflict { .. }) => {
                let message = format!(
                    "another transaction uses a table, and has not ended in {} of {} s: {error}",
                    match args.tries {
                        1 => "1 try".to_owned(),
                        tries => format!("{tries} tries"),
                    },
                    args.lock_timeout,
                );
                let longer = (args.lock_timeout * 6).min(3600).to_string();
                let words = ["install", "--apply", "--lock-timeout", &longer];
                return Err(
                    Failure::new(Exit::Database, "locked", message).cure(command(context, words))
                );
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// How long this session waits for a lock.
async fn limit(conn: &mut dyn Session, seconds: u32) -> Result<(), Error> {
    let millis = u64::from(seconds) * 1_000;
    let sql = match conn.kind() {
        Kind::Postgres => raw!("SET lock_timeout = {millis}", millis),
        Kind::Mysql => raw!(
            "SET SESSION lock_wait_timeout = {seconds}, SESSION innodb_lock_wait_timeout = {seconds}",
            seconds
        ),
        Kind::Sqlite => raw!("PRAGMA busy_timeout = {millis}", millis),
    };
    Ok(conn.batch(&sql).await?)
}

impl Answer for Shown {
    fn data(&self) -> Value {
        let mut data = self.planned.data();
        data["applied"] = json!(self.applied);
        data
    }

    fn show(&self, page: &mut Page) {
        self.planned.show_problems(page, "");
        self.planned.show_models(page, "");
        if self.planned.plan.is_empty() {
            page.blank();
            page.line("Everything is installed.");
            return;
        }
        page.blank();
        if self.applied {
            page.line("Installed.");
        } else {
            self.planned.show_locks(page);
            match self.planned.plan.problems() {
                [] => unwritten(page, &self.command),
                _ => page.line("Nothing written: put the problems right first."),
            }
        }
        if let (Some(backfill), true) = (&self.backfill, self.applied) {
            next(page, backfill);
        }
    }

    fn exit(&self) -> Exit {
        match self.applied || (self.planned.plan.is_empty() && self.planned.problems().is_empty()) {
            true => Exit::Fine,
            false => Exit::Decide,
        }
    }

    fn problems(&self) -> Vec<Failure> {
        self.planned.problems()
    }
}
