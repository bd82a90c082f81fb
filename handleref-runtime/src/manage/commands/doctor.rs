//! `doctor`: what is wrong, and what cures it.

use super::{Answer, Answered, Context};
use crate::doctor::{Cure, Diagnosis, Finding, Severity, examine};
use crate::manage::act::{models, quoted};
use crate::manage::exit::Exit;
use crate::manage::failure::Failure;
use crate::manage::page::{Page, Span, wrap};
use crate::manage::style::{BAD, DIM, GOOD, HEAD, PLAIN, WARN};
use crate::manage::value::counted;
use crate::manage::wait::now;
use serde_json::{Value, json};

/// Where texts begin: behind `FAIL  changesets  `.
const TEXT: usize = 18;

#[derive(Debug, clap::Args)]
pub(in crate::manage) struct Args {
    /// Only these models, and what belongs to none
    #[arg(value_name = "MODEL")]
    models: Vec<String>,
    /// Look at all records
    #[arg(long, conflicts_with = "sample")]
    all: bool,
    /// Of each model look at the rows that so many of the newest records are about
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    sample: u32,
}

struct Shown {
    diagnosis: Diagnosis,
    program: String,
}

pub(super) fn run(args: &Args, context: &mut Context) -> Answered {
    let schema = context.schema()?.clone();
    let wanted = match args.models.is_empty() {
        true => Vec::new(),
        false => models(&context.registry()?, &args.models)?,
    };
    let wanted = wanted.iter().map(|it| it.name().to_owned()).collect();
    let sample = (!args.all).then_some(args.sample);
    // To compare rows with their records needs a temporary table.
    let diagnosis = now(examine(context.write()?, schema, wanted, sample))?;
    Ok(Some(Box::new(Shown {
        diagnosis,
        program: context.program.clone(),
    })))
}

impl Shown {
    /// As it is typed.
    fn cure(&self, cure: &Cure) -> String {
        match cure {
            Cure::Command(words) => {
                let words: Vec<String> = words.iter().map(|it| quoted(it)).collect();
                format!("{} {}", self.program, words.join(" "))
            }
            Cure::Sql(text) | Cure::Person(text) => text.clone(),
        }
    }

    fn finding(&self, page: &mut Page, finding: &Finding, cures: bool) {
        let (word, style) = match finding.severity {
            Severity::Ok => ("ok", GOOD),
            Severity::Warning => ("warn", WARN),
            Severity::Failure => ("FAIL", BAD),
        };
        let text = match &finding.object {
            Some(object) => format!("{object}: {}", finding.found),
            None => finding.found.clone(),
        };
        let lines = wrap(&text, page.width().saturating_sub(TEXT).max(20));
        for (at, line) in lines.iter().enumerate() {
            let (word, area) = match at {
                0 => (word, finding.area.name()),
                _ => ("", ""),
            };
            page.spans(&[
                Span::new(format!("{word:<4}  "), style),
                Span::new(format!("{area:<10}  "), PLAIN),
                Span::plain(line.trim_start()),
            ]);
        }
        if !cures {
            return;
        }
        for (at, cure) in finding.cures.iter().enumerate() {
            let head = if at == 0 { "cure" } else { "" };
            let text = self.cure(cure);
            match cure {
                Cure::Person(_) => {
                    let lines = wrap(&text, page.width().saturating_sub(TEXT + 6).max(20));
                    for (at, line) in lines.iter().enumerate() {
                        let head = if at == 0 { head } else { "" };
                        page.spans(&[
                            Span::new(format!("{:TEXT$}{head:<4}  ", ""), DIM),
                            Span::plain(line.trim_start()),
                        ]);
                    }
                }
                _ => page.verbatim(&format!("{:TEXT$}{head:<4}  {text}", "")),
            }
        }
    }
}

impl Answer for Shown {
    fn data(&self) -> Value {
        json!(self.diagnosis)
    }

    fn show(&self, page: &mut Page) {
        let found = &self.diagnosis;
        let mut head = vec![found.engine.clone()];
        head.extend(found.database.iter().map(|it| format!("database {it}")));
        let models = i64::try_from(found.models).unwrap_or(i64::MAX);
        head.push(counted(models, "recorded model"));
        head.push(counted(found.records, "record"));
        page.styled(head.join(" · "), HEAD);
        page.blank();
        for (at, finding) in found.findings.iter().enumerate() {
            // One cure for all that it cures.
            let same = |next: &Finding| next.area == finding.area && next.cures == finding.cures;
            let last = !found.findings.get(at + 1).is_some_and(same);
            self.finding(page, finding, last);
        }
        page.blank();
        let number = |severity| i64::try_from(found.count(severity)).unwrap_or(i64::MAX);
        let (failures, warnings) = (number(Severity::Failure), number(Severity::Warning));
        if found.is_healthy() {
            page.styled("healthy · exit 0", GOOD);
        } else {
            page.line(format!(
                "{}, {} · exit 1",
                counted(failures, "failure"),
                counted(warnings, "warning"),
            ));
        }
    }

    fn exit(&self) -> Exit {
        match self.diagnosis.is_healthy() {
            true => Exit::Fine,
            false => Exit::Found,
        }
    }

    fn problems(&self) -> Vec<Failure> {
        let found = self.diagnosis.findings.iter();
        let found = found.filter(|it| it.severity != Severity::Ok);
        found
            .map(|it| {
                let cures: Vec<String> = it.cures.iter().map(|it| self.cure(it)).collect();
                Failure::new(Exit::Found, it.area.name(), it.to_string()).cure(cures.join("\n"))
            })
            .collect()
    }
}
