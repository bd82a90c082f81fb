//! `show`: a row, as it is or was.

use super::{Answer, Answered, Context};
use crate::history::ObjectRef;
use crate::manage::changed::{REDACTED, first_line};
use crate::manage::exit::Exit;
use crate::manage::failure::Failure;
use crate::manage::moment::{GRAMMAR, Moment};
use crate::manage::object::{Found, Target, model, shown};
use crate::manage::page::{Page, Span};
use crate::manage::style::{BAD, DIM, GOOD, HEAD, WARN};
use crate::manage::value;
use crate::manage::wait::now;
use crate::registry::{Entry, Model, Object, in_every_table};
use chrono::Utc;
use serde_json::{Value, json};

#[derive(Debug, clap::Args)]
pub(in crate::manage) struct Args {
    #[command(flatten)]
    target: Target,
    #[arg(long, value_name = "MOMENT", help = format!("As it was then: {GRAMMAR}"))]
    at: Option<Moment>,
}

/// Whether a row is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Live,
    SoftDeleted,
    /// It is not there any more; what is shown is what it was last.
    Gone,
}

impl State {
    pub(super) fn of(object: &Object) -> Self {
        match object.is_deleted {
            true => Self::SoftDeleted,
            false => Self::Live,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::SoftDeleted => "soft_deleted",
            Self::Gone => "gone",
        }
    }

    fn span(self) -> Span {
        match self {
            Self::Live => Span::new("live", GOOD),
            Self::SoftDeleted => Span::new("soft-deleted", WARN),
            Self::Gone => Span::new("gone", BAD),
        }
    }
}

struct Shown {
    model: Model,
    object: Object,
    state: State,
    /// Its last change, if it is shown as it is now.
    last: Option<Entry>,
    at: Option<Moment>,
    next: Option<String>,
}

pub(super) fn run(args: &Args, context: &mut Context) -> Answered {
    let registry = context.registry()?;
    let found = args.target.find(&registry)?;
    let at = found.version.map(Moment::Version).or(args.at);
    let at = at.filter(|it| *it != Moment::Now);
    let answer = match at {
        Some(at) => then(&found, at, context)?,
        None => as_it_is(&found, context)?,
    };
    Ok(Some(Box::new(answer)))
}

/// A row as it was.
pub(super) fn of_then(name: &str, key: &str, at: Moment, context: &mut Context) -> Answered {
    let registry = context.registry()?;
    let found = Found {
        model: model(&registry, name)?.clone(),
        key: key.to_owned(),
        version: None,
    };
    let answer = match at {
        Moment::Now => as_it_is(&found, context)?,
        at => then(&found, at, context)?,
    };
    Ok(Some(Box::new(answer)))
}

fn then(found: &Found, at: Moment, context: &mut Context) -> Result<Shown, Failure> {
    let (model, key) = (&found.model, &found.key);
    let conn = context.read()?;
    let object = match at {
        Moment::Version(version) => {
            let version = crate::history::VersionNo(version);
            now(model.version_of(conn, key, version))?.map(|(object, _)| object)
        }
        at => match at.point(Utc::now()) {
            Some(point) => {
                let point = now(in_every_table(conn, point))?;
                let rows = model.rows().with_deleted().as_of(point);
                now(model.one(conn, key, rows))?
            }
            None => None,
        },
    };
    let Some(object) = object else {
        let message = format!("{} was not there {at}", found.shown());
        let cure = context.command(format!("log {}", found.shown()));
        return Err(Failure::new(Exit::Found, "not_there", message).cure(cure));
    };
    Ok(Shown {
        model: model.clone(),
        state: State::of(&object),
        object,
        last: None,
        at: Some(at),
        next: None,
    })
}

fn as_it_is(found: &Found, context: &mut Context) -> Result<Shown, Failure> {
    let (model, key) = (&found.model, &found.key);
    let conn = context.read()?;
    let object = now(model.now(conn, key))?;
    let last = now(model.history(key.as_str()).limit(1).paged(conn))?
        .entries
        .pop();
    let (object, state) = match (object, &last) {
        (Some(object), _) => {
            let state = State::of(&object);
            (object, state)
        }
        (None, Some(last)) => (Object::recorded(model.name(), key, last, true), State::Gone),
        (None, None) => return Err(found.unknown()),
    };
    let next = (state == State::SoftDeleted)
        .then(|| context.command(format!("restore {}", found.shown())));
    Ok(Shown {
        model: model.clone(),
        object,
        state,
        last,
        at: None,
        next,
    })
}

/// What a field refers to.
pub(super) fn referred(model: &Model, field: &str, value: &Value) -> Option<ObjectRef> {
    let mut fields = model.fields();
    let target = fields.find(|it| it.name == field)?.references?;
    ObjectRef::referred(target, &[value])
}

impl Answer for Shown {
    fn data(&self) -> Value {
        let refers = self.object.values.iter().filter_map(|(field, value)| {
            let object = referred(&self.model, field, value)?;
            Some((field.clone(), json!(object)))
        });
        let refers: serde_json::Map<String, Value> = refers.collect();
        json!({
            "object": self.object,
            "state": self.state.code(),
            "references": refers,
            "last": self.last,
        })
    }

    fn show(&self, page: &mut Page) {
        let version = self
            .object
            .version
            .map(|it| format!("  v{it}"))
            .unwrap_or_default();
        let at = self.at.filter(|at| !matches!(at, Moment::Version(_)));
        let at = at.map(|at| format!("  {at}")).unwrap_or_default();
        page.spans(&[
            Span::new(shown(self.object.model, &self.object.key), HEAD),
            Span::plain("  "),
            self.state.span(),
            Span::plain(version),
            Span::new(at, DIM),
        ]);
        let wide = self
            .object
            .values
            .keys()
            .map(String::len)
            .max()
            .unwrap_or(0);
        // In the order of the struct, which a map does not have.
        for field in self.model.fields() {
            let Some(value) = self.object.values.get(field.name) else {
                if field.is_redacted {
                    page.spans(&[
                        Span::plain(format!("  {:<wide$}  ", field.name)),
                        Span::new(REDACTED, DIM),
                    ]);
                }
                continue;
            };
            let object = referred(&self.model, field.name, value);
            let object = object.map(|it| format!("  ({it})")).unwrap_or_default();
            page.spans(&[
                Span::plain(format!("  {:<wide$}  ", field.name)),
                value::span(value),
                Span::new(object, DIM),
            ]);
        }
        if let Some(last) = &self.last {
            page.styled(format!("last: {}", summary(last)), DIM);
        }
        if let Some(next) = &self.next {
            page.verbatim(&format!("restore it: {next}"));
        }
    }
}

/// `soft delete, 2026-11-25 22:14:03, #5 by ann: spam`
pub(super) fn summary(entry: &Entry) -> String {
    let operation = entry.operation.to_string().replace('_', " ");
    let mut out = format!("{operation}, {}", value::time(entry.at));
    match (&entry.changeset, entry.changeset_no) {
        (Some(changeset), Some(no)) => {
            out.push_str(&format!(", #{no}"));
            if let Some(actor) = &changeset.actor {
                out.push_str(&format!(" by {actor}"));
            }
            if let Some(comment) = &changeset.comment {
                out.push_str(&format!(": {}", first_line(comment)));
            }
        }
        _ => out.push_str(", in no changeset"),
    }
    out
}
