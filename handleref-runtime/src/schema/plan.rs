//! A plan: the statements that lead to the wanted schema, and back.

use super::diff::Findings;
use super::problem::{Problem, write_all};
use crate::engine::Kind;
use crate::error::Error;
use chrono::{DateTime, TimeDelta, Utc};
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

/// What [`Schema::plan`](super::Schema::plan) found out. Displayed, it is SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    engine: Kind,
    up: Vec<String>,
    down: Vec<String>,
    problems: Vec<Problem>,
}

impl Plan {
    pub(super) fn new(engine: Kind, findings: Vec<Findings>) -> Self {
        let mut plan = Self {
            engine,
            up: Vec::new(),
            down: Vec::new(),
            problems: Vec::new(),
        };
        let mut later = Vec::new();
        for findings in findings {
            later.extend(findings.later);
            plan.problems.extend(
                findings
                    .problems
                    .into_iter()
                    .filter(|problem| problem.kind.stops()),
            );
            for change in findings.changes {
                plan.up.extend(change.up);
                plan.down.splice(0..0, change.down);
            }
        }
        for change in later {
            plan.up.extend(change.up);
            plan.down.splice(0..0, change.down);
        }
        plan
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.up.is_empty()
    }

    /// The statements to apply, in order, without semicolons at their ends.
    ///
    /// If there are [`problems`](Plan::problems), these are the statements for
    /// everything else; `install` and `write_migration` refuse them.
    pub fn up(&self) -> &[String] {
        &self.up
    }

    /// The statements that take back what [`up`](Plan::up) does, and nothing
    /// else: a column that was there before stays.
    pub fn down(&self) -> &[String] {
        &self.down
    }

    /// What the plan cannot put right, such as a column of the wrong type.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The engine that the plan is for.
    pub fn engine(&self) -> Kind {
        self.engine
    }

    /// # Errors
    /// [`Error::Schema`] if there are problems.
    pub(super) fn refuse_problems(&self) -> Result<(), Error> {
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(Error::Schema(self.problems.clone()))
        }
    }

    /// Writes the plan as a Diesel migration, `<time>_<name>/{up.sql,down.sql}`
    /// below `dir`, and gives its folder; an empty plan writes nothing.
    ///
    /// The statements fit the table as it was when the plan was made. They can
    /// be edited: on a large table of PostgreSQL for instance, to build indexes
    /// `CONCURRENTLY`.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] if `name` cannot be part of a file name
    /// or if the plan has problems (the inner error is [`Error::Schema`]), and
    /// whatever writing the files gives.
    pub fn write_migration(
        &self,
        dir: impl AsRef<Path>,
        name: &str,
    ) -> io::Result<Option<PathBuf>> {
        self.write_at(dir.as_ref(), name, std::time::SystemTime::now().into())
    }

    fn write_at(
        &self,
        dir: &Path,
        name: &str,
        mut time: DateTime<Utc>,
    ) -> io::Result<Option<PathBuf>> {
        self.refuse_problems()
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        if name.is_empty()
            || !name
                .chars()
                .all(|c| c.is_alphanumeric() || c == '_' || c == '-')
        {
            let message =
                format!("`{name}` is no name for a migration: use letters, digits, `_` and `-`");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        if self.is_empty() {
            return Ok(None);
        }
        fs::create_dir_all(dir)?;
        // Diesel takes what precedes the first `_` as the version; it must be unique.
        let mut taken = Vec::new();
        for entry in fs::read_dir(dir)? {
            taken.push(entry?.file_name().to_string_lossy().replace('-', ""));
        }
        let mut version = time.format("%Y-%m-%d-%H%M%S").to_string();
        while taken
            .iter()
            .any(|name| name.split('_').next() == Some(version.replace('-', "").as_str()))
        {
            time += TimeDelta::seconds(1);
            version = time.format("%Y-%m-%d-%H%M%S").to_string();
        }
        let folder = dir.join(format!("{version}_{name}"));
        fs::create_dir(&folder)?;
        fs::write(folder.join("up.sql"), script(&self.up))?;
        fs::write(folder.join("down.sql"), script(&self.down))?;
        Ok(Some(folder))
    }
}

/// Statements as a file. The text of a trigger may hold semicolons; Diesel
/// hands the whole file to the server, which knows where a statement ends.
fn script(statements: &[String]) -> String {
    let mut script = String::from("-- Written by handleref.\n\n");
    for statement in statements {
        script.push_str(statement);
        script.push_str(";\n\n");
    }
    script.truncate(script.trim_end().len());
    script.push('\n');
    script
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.problems.is_empty() {
            let mut text = String::new();
            write_all(&mut text, &self.problems)?;
            for line in text.lines() {
                writeln!(f, "-- PROBLEM: {line}")?;
            }
        }
        if self.is_empty() {
            return f.write_str("-- handleref: nothing to do\n");
        }
        f.write_str(&script(&self.up))
    }
}
