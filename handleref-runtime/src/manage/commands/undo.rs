//! `undo`: a changeset is taken back, by plan.

use super::{Answer, Answered, Context};
use crate::changeset::{
    Changeset, ChangesetNo, Undo, UndoAction, UndoConflict, UndoPlan, UndoStep, changeset,
};
use crate::error::Error;
use crate::history::ObjectRef;
use crate::manage::act::{Apply, Signed, command, quoted, unwritten};
use crate::manage::exit::Exit;
use crate::manage::failure::Failure;
use crate::manage::object::short;
use crate::manage::page::{Page, Span};
use crate::manage::style::{BAD, DIM, HEAD, PLAIN, WARN};
use crate::manage::value;
use crate::manage::wait::now;
use crate::registry::{Registered, Registry};
use crate::revert::Conflict;
use crate::session::Session;
use answers::request;
use lines::{Line, Text, change, table};
use serde::Serialize;
use serde_json::{Value, json};

mod answers;
pub(super) mod lines;

#[derive(Debug, clap::Args)]
pub(in crate::manage) struct Args {
    /// Which: `1841`, `#1841`
    #[arg(value_name = "CHANGESET", value_parser = number)]
    changeset: i64,
    #[command(flatten)]
    apply: Apply,
    /// Leave this row as it is, and undo the rest
    #[arg(long, value_name = "OBJECT")]
    skip: Vec<String>,
    /// Give this field what it was before the changeset, or this value, whatever it is now
    #[arg(long, value_name = "OBJECT.FIELD[=VALUE]")]
    take: Vec<String>,
    #[command(flatten)]
    signed: Signed,
}

fn number(text: &str) -> Result<i64, String> {
    let digits = text.strip_prefix('#').unwrap_or(text);
    digits
        .parse()
        .map_err(|_| "a changeset has a number: 1841, or #1841".to_owned())
}

/// A way out of a conflict.
#[derive(Debug, Serialize)]
struct Choice {
    /// As it is typed.
    flag: String,
    /// What it does, for people.
    text: String,
    /// How many rows are written then.
    steps: usize,
}

/// Who set a field to what it is.
#[derive(Debug, Clone, Default)]
struct Later {
    actor: Option<String>,
    changeset: Option<ChangesetNo>,
    /// What it was before the changeset that is undone.
    before: Option<Value>,
}

struct Shown {
    changeset: Changeset,
    plan: UndoPlan,
    /// For each of its conflicts.
    later: Vec<Later>,
    choices: Vec<Choice>,
    registry: Registry,
    applied: bool,
    undone: Option<ChangesetNo>,
    command: String,
    redo: Option<String>,
}

pub(super) fn run(args: &Args, context: &mut Context) -> Answered {
    let registry = context.registry()?;
    let no = ChangesetNo(args.changeset);
    // It is tried out, and rolled back.
    let conn = context.write()?;
    let undone = now(changeset(conn, no))?;
    let undo = request(args, &registry, conn)?;
    let plan = now(undo.clone().planned(conn))?;
    let blocked = plan.blockers().next().is_some();
    let later = match plan.conflicts.is_empty() {
        true => Vec::new(),
        false => now(later(conn, &registry, &plan, undo))?,
    };
    let applied = args.apply.apply && !blocked;
    let by = match applied {
        true => now(plan.applied(conn))?,
        false => None,
    };
    let choices = choices(&registry, &plan, &later);
    Ok(Some(Box::new(Shown {
        changeset: undone,
        plan,
        later,
        choices,
        registry,
        applied,
        undone: by,
        command: command(context, words(args)),
        redo: by.map(|by| command(context, ["undo", &by.0.to_string()])),
    })))
}

/// The same command with `--apply`.
fn words(args: &Args) -> Vec<String> {
    let mut words = vec!["undo".to_owned(), args.changeset.to_string()];
    for (flag, values) in [("--skip", &args.skip), ("--take", &args.take)] {
        words.extend(values.iter().flat_map(|it| [flag.to_owned(), it.clone()]));
    }
    words.extend(args.signed.words());
    words.push("--apply".to_owned());
    words
}

/// For each conflict, who stands behind it, and what the field was before.
async fn later(
    conn: &mut dyn Session,
    registry: &Registry,
    plan: &UndoPlan,
    undo: Undo<Registered>,
) -> Result<Vec<Later>, Error> {
    let mut overwriting = undo;
    let mut any = false;
    for one in &plan.conflicts {
        if let (Conflict::EditedSince { field, .. }, false) =
            (&one.conflict, plan.is_inserted(&one.object))
        {
            overwriting = overwriting.overwrite(&one.object, field);
            any = true;
        }
    }
    let taken = match any {
        true => Some(overwriting.planned(conn).await?),
        false => None,
    };
    let mut all = Vec::with_capacity(plan.conflicts.len());
    for one in &plan.conflicts {
        let mut found = Later::default();
        if let Conflict::EditedSince { field, .. } = one.conflict {
            let model = registry.model_of(&one.object)?;
            let blame = model.blamed(conn, &one.object.key).await?;
            let blame = blame.into_iter().find(|it| it.field == field);
            found.changeset = blame.and_then(|it| it.changeset);
            found.actor = match found.changeset {
                // Somebody may have deleted it.
                Some(no) => match changeset(conn, no).await {
                    Ok(changeset) => changeset.actor.map(|it| it.to_string()),
                    Err(Error::NoChangeset { .. }) => None,
                    Err(error) => return Err(error),
                },
                None => None,
            };
            let steps = taken.iter().flat_map(|it| &it.steps);
            let mut changes = steps
                .filter(|it| it.object == one.object)
                .flat_map(|it| &it.changes);
            found.before = changes
                .find(|it| it.field == field)
                .map(|it| it.new.clone());
        }
        all.push(found);
    }
    Ok(all)
}

/// The flags that get past the conflicts.
fn choices(registry: &Registry, plan: &UndoPlan, later: &[Later]) -> Vec<Choice> {
    let mut choices: Vec<Choice> = Vec::new();
    let mut add = |choice: Choice| {
        if !choices.iter().any(|known| known.flag == choice.flag) {
            choices.push(choice);
        }
    };
    let blocking = |one: &&UndoConflict| one.conflict.is_blocking();
    for one in plan.conflicts.iter().filter(blocking) {
        let name = short(registry, &one.object.model, &one.object.key);
        add(Choice {
            flag: format!("--skip {}", quoted(&name)),
            text: "undo the rest".to_owned(),
            steps: others(plan, &one.object),
        });
    }
    for (one, later) in plan.conflicts.iter().zip(later) {
        if let (Conflict::EditedSince { field, now, .. }, Some(_)) = (&one.conflict, &later.before)
        {
            let name = short(registry, &one.object.model, &one.object.key);
            let whose = match &later.actor {
                Some(actor) => format!("{actor}'s "),
                None => String::new(),
            };
            add(Choice {
                flag: format!("--take {}", quoted(&format!("{name}.{field}"))),
                text: format!("overwrite {whose}{}", told(now)),
                steps: others(plan, &one.object) + 1,
            });
        }
    }
    choices
}

/// How many other rows are written.
fn others(plan: &UndoPlan, object: &ObjectRef) -> usize {
    plan.steps.iter().filter(|it| it.object != *object).count()
}

/// A value in a sentence; a text in quotes.
fn told(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{text}\""),
        other => value::text(other),
    }
}

impl Shown {
    fn is_blocked(&self) -> bool {
        self.plan.blockers().next().is_some()
    }

    /// `update`, `art7`, and a field if it is one.
    fn lines(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        for step in &self.plan.steps {
            let word = match step.action {
                UndoAction::Insert => "insert",
                UndoAction::Update => "update",
                UndoAction::Delete => "delete",
            };
            lines.push(Line {
                word: Span::plain(word),
                name: self.name(&step.object),
                texts: texts(step),
            });
        }
        for (one, later) in self.plan.conflicts.iter().zip(&self.later) {
            let word = match one.conflict.is_blocking() {
                true => Span::new("CONFLICT", BAD),
                false => Span::new("note", WARN),
            };
            lines.push(Line {
                word,
                name: self.name(&one.object),
                texts: vec![self.conflict(one, later)],
            });
        }
        lines
    }

    fn name(&self, object: &ObjectRef) -> String {
        short(&self.registry, &object.model, &object.key)
    }

    fn conflict(&self, one: &UndoConflict, later: &Later) -> Text {
        let Conflict::EditedSince { field, then, now } = &one.conflict else {
            return (String::new(), vec![Span::plain(one.conflict.to_string())]);
        };
        let wrote = |actor: Option<&str>, value: &Value| match actor {
            Some(actor) => format!("{actor} wrote {}", told(value)),
            None => format!("became {}", told(value)),
        };
        let actor = self.changeset.actor.as_ref().map(ToString::to_string);
        let mut parts = Vec::new();
        parts.extend(later.before.as_ref().map(|it| format!("was {}", told(it))));
        parts.push(wrote(actor.as_deref(), then));
        let mut last = wrote(later.actor.as_deref(), now);
        if let Some(no) = later.changeset {
            last += &format!(" in #{}", no.0);
        }
        parts.push(last);
        ((*field).to_owned(), vec![Span::plain(parts.join(", "))])
    }
}

/// What is written to a row.
fn texts(step: &UndoStep) -> Vec<Text> {
    match step.action {
        UndoAction::Update => step.changes.iter().map(change).collect(),
        UndoAction::Insert => {
            let mut texts = step.changes.iter();
            let label = texts.find_map(|it| it.new.as_str().filter(|it| !it.is_empty()));
            let text = match label {
                Some(label) => format!("\"{label}\" comes back with its key"),
                None => "comes back with its key".to_owned(),
            };
            vec![(String::new(), vec![Span::plain(text)])]
        }
        UndoAction::Delete => vec![(
            String::new(),
            vec![Span::plain("it was inserted, and goes")],
        )],
    }
}

impl Answer for Shown {
    fn data(&self) -> Value {
        json!({
            "changeset": self.changeset,
            "plan": self.plan,
            "choices": self.choices,
            "applied": self.applied,
            "undone_by": self.undone,
        })
    }

    fn show(&self, page: &mut Page) {
        let rows = self.plan.steps.iter().map(|it| &it.object);
        let mut objects: Vec<&ObjectRef> = rows
            .chain(self.plan.conflicts.iter().map(|it| &it.object))
            .collect();
        objects.sort_by(|one, other| (&one.model, &one.key).cmp(&(&other.model, &other.key)));
        objects.dedup();
        let count = i64::try_from(objects.len()).unwrap_or(i64::MAX);
        head(page, &self.changeset, &value::counted(count, "object"));
        page.blank();
        table(page, &self.lines());
        if self.plan.steps.is_empty() && self.plan.conflicts.is_empty() {
            page.line("Nothing to do: everything is as it was before.");
            return;
        }
        if self.applied {
            page.blank();
            match (self.undone, &self.redo) {
                (Some(no), Some(redo)) => {
                    page.spans(&[Span::new(format!("Undone by #{}.", no.0), HEAD)]);
                    page.spans(&[Span::new("To do it again:", DIM)]);
                    page.verbatim(&format!("  {redo}"));
                }
                _ => page.line("Nothing had to be written."),
            }
        } else if self.is_blocked() {
            page.blank();
            page.spans(&[
                Span::new("Nothing written.", HEAD),
                Span::plain(" Choose, then repeat with --apply:"),
            ]);
            show_choices(page, &self.choices);
        } else if !self.plan.steps.is_empty() {
            unwritten(page, &self.command);
        }
    }

    fn exit(&self) -> Exit {
        match self.applied || self.plan.steps.is_empty() && !self.is_blocked() {
            true => Exit::Fine,
            false => Exit::Decide,
        }
    }

    fn problems(&self) -> Vec<Failure> {
        let blockers = self.plan.blockers();
        blockers
            .map(|it| Failure::new(Exit::Decide, "conflict", it.to_string()))
            .collect()
    }
}

/// `Undo #1841 "tidy up titles" by ann, 2026-11-25 22:14 · 3 objects`
fn head(page: &mut Page, changeset: &Changeset, count: &str) {
    let mut text = format!("Undo #{}", changeset.no.0);
    if let Some(comment) = &changeset.comment {
        text += &format!(" \"{comment}\"");
    }
    if let Some(actor) = &changeset.actor {
        text += &format!(" by {actor}");
    }
    text += &format!(", {} · {count}", value::minute(changeset.at));
    page.styled(text, HEAD);
}

/// Flags, to be copied whatever the width is.
fn show_choices(page: &mut Page, choices: &[Choice]) {
    use unicode_width::UnicodeWidthStr;
    let flags = choices.iter().map(|it| it.flag.width()).max().unwrap_or(0);
    let texts = choices.iter().map(|it| it.text.width()).max().unwrap_or(0);
    for choice in choices {
        let steps = i64::try_from(choice.steps).unwrap_or(i64::MAX);
        let steps = format!("({})", value::counted(steps, "step"));
        let room = page.width().saturating_sub(flags + 4);
        let text = format!("{:<texts$}  {steps}", choice.text);
        match text.width() <= room {
            true => page.spans(&[
                Span::plain(format!("  {:<flags$}  ", choice.flag)),
                Span::new(text, PLAIN),
            ]),
            false => {
                page.verbatim(&format!("  {}", choice.flag));
                page.line(format!("      {}  {steps}", choice.text));
            }
        }
    }
}
