//! `revert`: a row, or some of its fields, as they were.

use super::restore::{conflicts, show_changes, show_conflicts};
use super::{Answer, Answered, Context};
use crate::changeset::{ChangesetNo, Open};
use crate::manage::act::{Apply, Signed, command, unwritten};
use crate::manage::exit::Exit;
use crate::manage::failure::Failure;
use crate::manage::moment::{GRAMMAR, Moment};
use crate::manage::object::{Found, Target};
use crate::manage::page::Page;
use crate::manage::style::HEAD;
use crate::manage::wait::now;
use crate::registry::Registry;
use crate::revert::{Conflict, Revert, RevertPlan};
use crate::session::Session;
use chrono::Utc;
use serde_json::{Value, json};

#[derive(Debug, clap::Args)]
pub(in crate::manage) struct Args {
    /// A row, and what it goes back to: `art7 v3`, `Article 7 2d`, `art7@3`
    #[arg(required = true, num_args = 1..=3, value_names = ["OBJECT", "TO"])]
    words: Vec<String>,
    /// Only these fields
    #[arg(long, value_name = "FIELD")]
    field: Vec<String>,
    /// Not these fields, such as those whose old values were erased
    #[arg(long, value_name = "FIELD", conflicts_with = "field")]
    without: Vec<String>,
    #[command(flatten)]
    apply: Apply,
    #[command(flatten)]
    signed: Signed,
}

struct Shown {
    plan: RevertPlan,
    object: String,
    to: i64,
    applied: bool,
    changeset: Option<ChangesetNo>,
    command: String,
}

pub(super) fn run(args: &Args, context: &mut Context) -> Answered {
    let registry = context.registry()?;
    let (found, moment) = goal(&registry, &args.words)?;
    let conn = match args.apply.apply {
        true => context.write()?,
        false => context.read()?,
    };
    let to = now(version(conn, &found, moment))?;
    let mut want = match args.field.is_empty() {
        true => Revert::version(to),
        false => {
            let fields = args.field.iter();
            fields.fold(Revert::fields(), |want, field| want.named(field, to))
        }
    };
    for field in &args.without {
        want = want.without_named(field);
    }
    let plan = now(found.model.plan(conn, &found.key, Some(want)))?;
    let blocked = plan.blockers().next().is_some();
    let something = plan.reinsert || !plan.changes.is_empty();
    let applied = args.apply.apply && !blocked && something;
    let mut by = None;
    if applied {
        let meta = args.signed.meta();
        let mut open = now(Open::begin(conn, &meta))?;
        let result = now(plan.applied(open.conn()));
        by = now(open.end(result))?.1;
    }
    let mut words: Vec<String> = vec!["revert".to_owned()];
    words.extend(args.words.iter().cloned());
    for (flag, names) in [("--field", &args.field), ("--without", &args.without)] {
        words.extend(names.iter().flat_map(|it| [flag.to_owned(), it.clone()]));
    }
    words.extend(args.signed.words());
    words.push("--apply".to_owned());
    Ok(Some(Box::new(Shown {
        plan,
        object: found.shown(),
        to,
        applied,
        changeset: by,
        command: command(context, words),
    })))
}

/// Which row, and to what: the last word is a moment, unless the row has one behind its `@`.
fn goal(registry: &Registry, words: &[String]) -> Result<(Found, Moment), Failure> {
    if let [object @ .., last] = words
        && !object.is_empty()
    {
        let found = Target::of(object).find(registry);
        match (found, last.parse(), object.len()) {
            (Ok(found), Ok(moment), _) => return Ok((found, moment)),
            // `Article 7` is no row and a moment.
            (Err(failure), Ok(_), 2..) => return Err(failure),
            (Ok(_), Err(wrong), _) => return Err(Failure::usage(format!("`{last}`: {wrong}"))),
            (_, Err(wrong), 2..) => return Err(Failure::usage(format!("`{last}`: {wrong}"))),
            _ => {}
        }
    }
    let found = Target::of(words).find(registry)?;
    match found.version {
        Some(version) => Ok((found, Moment::Version(version))),
        None => Err(Failure::usage("to what? A moment is missing").cure(GRAMMAR)),
    }
}

/// The version that the row had then.
async fn version(conn: &mut dyn Session, found: &Found, moment: Moment) -> Result<i64, Failure> {
    let Some(point) = moment.point(Utc::now()) else {
        return Err(Failure::usage("a row is now as it is now").cure(GRAMMAR));
    };
    // Whether there is such a version is for the plan to say.
    if let Moment::Version(version) = moment {
        return Ok(version);
    }
    let then = found.model.version_then(conn, &found.key, point).await?;
    then.map(|it| it.0).ok_or_else(|| {
        let message = format!("{} was not there then, as far as is known", found.shown());
        Failure::new(Exit::Found, "no_version", message)
    })
}

impl Answer for Shown {
    fn data(&self) -> Value {
        json!({
            "object": self.object,
            "to": self.to,
            "plan": self.plan,
            "applied": self.applied,
            "changeset": self.changeset,
        })
    }

    fn show(&self, page: &mut Page) {
        let now = match self.plan.version {
            Some(version) => format!("v{version} → v{}", self.to),
            None => format!("to v{}", self.to),
        };
        let gone = if self.plan.reinsert {
            ", inserted again"
        } else {
            ""
        };
        page.styled(format!("Revert {}, {now}{gone}", self.object), HEAD);
        show_changes(page, &self.plan);
        show_conflicts(page, &self.plan.conflicts);
        if self.applied {
            page.blank();
            match self.changeset {
                Some(no) => page.line(format!("Reverted by #{}.", no.0)),
                None => page.line("Nothing had to be written."),
            }
        } else if self.exit() == Exit::Fine {
            page.line("  nothing to do: it is as it was then");
        } else if self.plan.blockers().next().is_some() {
            page.blank();
            page.line(
                "Nothing written. --field NAME takes only some fields, --without NAME not these.",
            );
        } else {
            unwritten(page, &self.command);
        }
    }

    fn exit(&self) -> Exit {
        let nothing = self.plan.changes.is_empty() && !self.plan.reinsert;
        let blocked = self.plan.conflicts.iter().any(Conflict::is_blocking);
        match self.applied || (nothing && !blocked) {
            true => Exit::Fine,
            false => Exit::Decide,
        }
    }

    fn problems(&self) -> Vec<Failure> {
        conflicts(&self.plan.conflicts)
    }
}
