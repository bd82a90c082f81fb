//! `doctor`: is the history in order, and if not, what cures it?

use super::{Answer, Answered, Context};
use crate::doctor::{Cure, Diagnosis, Finding, Severity};
use crate::manage::act::{command, models};
use crate::manage::exit::Exit;
use crate::manage::failure::Failure;
use crate::manage::page::{Page, Span, wrap};
use crate::manage::style::{BAD, DIM, GOOD, HEAD, PLAIN, WARN};
use crate::manage::value::counted;
use crate::manage::wait::now;
use serde_json::{Value, json};

#[derive(Debug, clap::Args)]
pub(in crate::manage) struct Args {
    /// Only these models
    #[arg(value_name = "MODEL")]
    models: Vec<String>,
    /// Fold the histories of all rows
    #[arg(long, conflicts_with = "sample")]
    all: bool,
    /// Fold the histories of so many rows of each model
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    sample: u32,
}

struct Shown {
    found: Diagnosis,
    /// The cures of each finding, as they are typed.
    cures: Vec<Vec<Typed>>,
}

enum Typed {
    /// To be copied.
    Verbatim(String),
    Words(String),
}

impl Typed {
    fn text(&self) -> &str {
        match self {
            Self::Verbatim(text) | Self::Words(text) => text,
        }
    }
}

pub(super) fn run(args: &Args, context: &mut Context) -> Answered {
    // Triggers and columns are compared with what the program's models ask for.
    let schema = context.schema()?.clone();
    let only = models(&context.registry()?, &args.models)?;
    let only = match args.models.is_empty() {
        true => Vec::new(),
        false => only.iter().map(|it| it.name()).collect(),
    };
    let doctor = schema.doctor().only(only);
    let doctor = match args.all {
        true => doctor.all(),
        false => doctor.sample(args.sample),
    };
    // To compare, it needs a temporary table.
    let found = now(doctor.diagnosed(context.write()?))?;
    let typed = |cure: &Cure| match cure {
        Cure::Command(words) => Typed::Verbatim(command(context, words)),
        Cure::Sql(sql) => Typed::Verbatim(sql.clone()),
        Cure::Person(text) => Typed::Words(text.clone()),
    };
    let cures = found.findings().iter();
    let cures = cures
        .map(|it| it.cures.iter().map(typed).collect())
        .collect();
    Ok(Some(Box::new(Shown { found, cures })))
}

impl Answer for Shown {
    fn data(&self) -> Value {
        json!({
            "about": self.found.about,
            "findings": self.found.findings(),
            "failures": self.found.count(Severity::Failure),
            "warnings": self.found.count(Severity::Warning),
        })
    }

    fn show(&self, page: &mut Page) {
        let about = &self.found.about;
        let models = i64::try_from(about.models).unwrap_or(i64::MAX);
        page.styled(
            format!(
                "{} · database {} · {} · {}",
                about.engine,
                about.database,
                counted(models, "recorded model"),
                counted(about.records, "record")
            ),
            HEAD,
        );
        page.blank();
        for (finding, cures) in self.found.findings().iter().zip(&self.cures) {
            line(page, finding, cures);
        }
        page.blank();
        let failures = self.found.count(Severity::Failure);
        let warnings = self.found.count(Severity::Warning);
        let number = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let (text, style) = match (failures, warnings) {
            (0, 0) => ("all is fine · exit 0".to_owned(), GOOD),
            _ => (
                format!(
                    "{}, {} · exit 1",
                    counted(number(failures), "failure"),
                    counted(number(warnings), "warning")
                ),
                if failures > 0 { BAD } else { WARN },
            ),
        };
        page.styled(text, style);
    }

    fn exit(&self) -> Exit {
        match self.found.is_ok() {
            true => Exit::Fine,
            false => Exit::Found,
        }
    }

    fn problems(&self) -> Vec<Failure> {
        let findings = self.found.findings().iter().zip(&self.cures);
        let wrong = findings.filter(|(it, _)| it.severity != Severity::Ok);
        wrong
            .map(|(it, cures)| {
                let failure = Failure::new(Exit::Found, it.area.as_str(), said(it));
                let cures: Vec<&str> = cures.iter().map(Typed::text).collect();
                match cures.is_empty() {
                    true => failure,
                    false => failure.cure(cures.join("\n")),
                }
            })
            .collect()
    }
}

fn said(finding: &Finding) -> String {
    match &finding.object {
        Some(object) => format!("{object}: {}", finding.text),
        None => finding.text.clone(),
    }
}

/// Where what was found begins.
const LEFT: usize = 4 + 2 + 10 + 2;

fn line(page: &mut Page, finding: &Finding, cures: &[Typed]) {
    let style = match finding.severity {
        Severity::Ok => GOOD,
        Severity::Warning => WARN,
        Severity::Failure => BAD,
    };
    let room = page.width().saturating_sub(LEFT).max(20);
    for (at, text) in wrap(&said(finding), room).into_iter().enumerate() {
        let head = match at {
            0 => [
                Span::new(format!("{:<4}  ", finding.severity), style),
                Span::plain(format!("{:<10}  ", finding.area)),
            ],
            _ => [Span::plain(" ".repeat(LEFT)), Span::plain("")],
        };
        let [first, second] = head;
        page.spans(&[first, second, Span::new(text, PLAIN)]);
    }
    for (at, cure) in cures.iter().enumerate() {
        let word = if at == 0 { "cure" } else { "" };
        let left = format!("{}{word:<4}  ", " ".repeat(LEFT));
        match cure {
            // Never cut, as it is copied.
            Typed::Verbatim(text) => page.verbatim(&format!("{left}{text}")),
            Typed::Words(text) => {
                for (at, text) in wrap(text, room.saturating_sub(6).max(20))
                    .into_iter()
                    .enumerate()
                {
                    let left = if at == 0 {
                        left.clone()
                    } else {
                        " ".repeat(LEFT + 6)
                    };
                    page.spans(&[Span::new(left, DIM), Span::new(text, PLAIN)]);
                }
            }
        }
    }
}
