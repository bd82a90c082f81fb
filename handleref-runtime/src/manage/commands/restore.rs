//! `restore`: a deleted row comes back.

use super::undo::lines::change;
use super::{Answer, Answered, Context};
use crate::any::Verb;
use crate::changeset::{ChangesetNo, Open};
use crate::error::Error;
use crate::history::Operation;
use crate::manage::act::{Apply, Signed, command, unwritten};
use crate::manage::exit::Exit;
use crate::manage::failure::Failure;
use crate::manage::object::{Found, Target};
use crate::manage::page::{Page, Span};
use crate::manage::style::{BAD, HEAD, WARN};
use crate::manage::value;
use crate::manage::wait::now;
use crate::registry::{Entry, Model};
use crate::revert::{Conflict, Revert, RevertPlan};
use crate::session::Session;
use serde_json::{Value, json};

#[derive(Debug, clap::Args)]
pub(in crate::manage) struct Args {
    #[command(flatten)]
    target: Target,
    /// Soft-deleted parents, too, before the row
    #[arg(long)]
    with_parents: bool,
    #[command(flatten)]
    apply: Apply,
    #[command(flatten)]
    signed: Signed,
}

/// How the row is.
enum State {
    /// Not deleted at all.
    Live,
    /// Marked as deleted, by this record.
    Marked(Option<Box<Entry>>),
    /// Really deleted; the plan inserts it again.
    Gone,
}

struct Shown {
    object: String,
    state: State,
    plan: Option<RevertPlan>,
    conflicts: Vec<Conflict>,
    applied: bool,
    changeset: Option<ChangesetNo>,
    version: Option<i64>,
    command: String,
    parents: Option<String>,
}

pub(super) fn run(args: &Args, context: &mut Context) -> Answered {
    let registry = context.registry()?;
    let found = args.target.find(&registry)?;
    if found.version.is_some() {
        let again = command(
            context,
            ["revert"]
                .into_iter()
                .chain(args.target.words().iter().map(String::as_str)),
        );
        return Err(Failure::usage("a row is restored as it was last").cure(again));
    }
    let conn = match args.apply.apply {
        true => context.write()?,
        false => context.read()?,
    };
    let (state, plan) = now(look(conn, &found))?;
    let conflicts: Vec<Conflict> = plan
        .iter()
        .flat_map(|it| it.conflicts.clone())
        .filter(|one| stands(one, &state, args.with_parents))
        .collect();
    let blocked = conflicts.iter().any(Conflict::is_blocking);
    let applied = args.apply.apply && !blocked && !matches!(state, State::Live);
    let (mut changeset, mut version) = (None, None);
    if applied {
        let meta = args.signed.meta();
        let mut open = now(Open::begin(conn, &meta))?;
        let result = now(restore(open.conn(), &found, &state, plan.as_ref(), args));
        changeset = now(open.end(result))?.1;
        version = now(found.model.now(conn, &found.key))?.and_then(|it| it.version);
    }
    let words = |parents: bool| {
        let mut words = vec!["restore".to_owned()];
        words.extend(args.target.words().iter().cloned());
        words.extend(parents.then(|| "--with-parents".to_owned()));
        words.extend(args.signed.words());
        words.push("--apply".to_owned());
        words
    };
    let deleted = |it: &Conflict| matches!(it, Conflict::ParentDeleted { .. });
    let marked = matches!(state, State::Marked(_));
    let parents = (marked && conflicts.iter().any(deleted)).then(|| command(context, words(true)));
    Ok(Some(Box::new(Shown {
        object: found.shown(),
        state,
        plan,
        conflicts,
        applied,
        changeset,
        version,
        command: command(context, words(args.with_parents)),
        parents,
    })))
}

/// Whether a conflict of the row alone is one of its restore, too.
fn stands(conflict: &Conflict, state: &State, with_parents: bool) -> bool {
    match (conflict, state) {
        (Conflict::ParentDeleted { .. }, State::Marked(_)) => !with_parents,
        (Conflict::LaterEdit { .. }, _) => false,
        _ => true,
    }
}

async fn look(conn: &mut dyn Session, found: &Found) -> Result<(State, Option<RevertPlan>), Error> {
    let (model, key) = (&found.model, found.key.as_str());
    match model.now(conn, key).await? {
        None => {
            let plan = model.plan(conn, key, None).await?;
            Ok((State::Gone, Some(plan)))
        }
        Some(row) if !row.is_deleted => Ok((State::Live, None)),
        Some(_) => {
            let history = model.history(key).operation(Operation::SoftDelete);
            let by = history.limit(1).paged(conn).await?.entries.pop();
            // What stands in the way of the mark being taken away.
            let before = by.as_ref().and_then(|it| it.version_before);
            let plan = match (model.mark(), before) {
                (Some(mark), Some(before)) => {
                    let want = Revert::fields().named(mark, before);
                    Some(model.plan(conn, key, Some(want)).await?)
                }
                _ => None,
            };
            Ok((State::Marked(by.map(Box::new)), plan))
        }
    }
}

async fn restore(
    conn: &mut dyn Session,
    found: &Found,
    state: &State,
    plan: Option<&RevertPlan>,
    args: &Args,
) -> Result<(), Failure> {
    if let (State::Gone, Some(plan)) = (state, plan) {
        plan.applied(conn).await?;
        return Ok(());
    }
    let connection = (*conn.any()).type_id();
    let verbs = found.model.verbs_of(connection);
    let verbs = verbs.ok_or_else(|| no_verb(&found.model))?;
    let parents = args.with_parents;
    (verbs.one)(conn, &found.key, None, Verb::Restore { parents }).await?;
    Ok(())
}

/// Without the model's code nobody knows its family and its hooks.
fn no_verb(model: &Model) -> Failure {
    let error = Error::NoVerb {
        model: model.name(),
    };
    Failure::new(Exit::Usage, "no_verb", error.to_string())
        .cure("a program of yours with `handleref::manage::run(schema![..])`; see docs/manage.md")
}

impl Shown {
    fn head(&self) -> String {
        match &self.state {
            State::Live => format!("{} is not deleted.", self.object),
            State::Gone => format!("Restore {}, which was really deleted", self.object),
            State::Marked(None) => format!("Restore {}", self.object),
            State::Marked(Some(by)) => {
                let mut text = format!("Restore {}, soft-deleted", self.object);
                if let Some(no) = by.changeset_no {
                    text += &format!(" in #{}", no.0);
                }
                let changeset = by.changeset.as_ref();
                if let Some(actor) = changeset.and_then(|it| it.actor.as_ref()) {
                    text += &format!(" by {actor}");
                }
                text += &format!(", {}", value::minute(by.at));
                if let Some(comment) = changeset.and_then(|it| it.comment.as_ref()) {
                    text += &format!(": \"{comment}\"");
                }
                text
            }
        }
    }
}

impl Answer for Shown {
    fn data(&self) -> Value {
        let state = match self.state {
            State::Live => "live",
            State::Marked(_) => "soft_deleted",
            State::Gone => "gone",
        };
        json!({
            "object": self.object,
            "state": state,
            "conflicts": self.conflicts,
            "applied": self.applied,
            "changeset": self.changeset,
            "version": self.version,
        })
    }

    fn show(&self, page: &mut Page) {
        page.styled(self.head(), HEAD);
        match (&self.state, &self.plan) {
            (State::Live, _) => return,
            (State::Marked(_), _) => page.line("  with what its deletion removed along"),
            (State::Gone, Some(plan)) => show_changes(page, plan),
            (State::Gone, None) => {}
        }
        show_conflicts(page, &self.conflicts);
        let blocked =
            self.exit() == Exit::Decide && self.conflicts.iter().any(Conflict::is_blocking);
        if self.applied {
            let mut text = "Restored".to_owned();
            if let Some(no) = self.changeset {
                text += &format!(" by #{}", no.0);
            }
            if let Some(version) = self.version {
                text += &format!(", as v{version}");
            }
            page.blank();
            page.line(text + ".");
        } else if let Some(parents) = &self.parents {
            unwritten(page, parents);
        } else if blocked {
            page.blank();
            page.line("Nothing written.");
        } else {
            unwritten(page, &self.command);
        }
    }

    fn exit(&self) -> Exit {
        match self.applied || matches!(self.state, State::Live) {
            true => Exit::Fine,
            false => Exit::Decide,
        }
    }

    fn problems(&self) -> Vec<Failure> {
        conflicts(&self.conflicts)
    }
}

/// The fields that a plan writes.
pub(super) fn show_changes(page: &mut Page, plan: &RevertPlan) {
    let wide = plan.changes.iter().map(|it| it.field.len()).max();
    let wide = wide.unwrap_or(0);
    for one in &plan.changes {
        let (field, spans) = change(one);
        let mut line = vec![Span::plain(format!("  {field:<wide$}  "))];
        line.extend(spans);
        page.spans(&line);
    }
}

pub(super) fn show_conflicts(page: &mut Page, conflicts: &[Conflict]) {
    for one in conflicts {
        match one.is_blocking() {
            true => page.styled(format!("  CONFLICT: {one}"), BAD),
            false => page.styled(format!("  note: {one}"), WARN),
        }
    }
}

/// Those that stop it.
pub(super) fn conflicts(conflicts: &[Conflict]) -> Vec<Failure> {
    let blocking = conflicts.iter().filter(|it| it.is_blocking());
    blocking
        .map(|it| Failure::new(Exit::Decide, "conflict", it.to_string()))
        .collect()
}
