//! A plan: the statements that lead to the wanted schema, and back.

use super::dialect::Change;
use super::diff::Findings;
use super::home::Home;
use super::locks::head;
use super::problem::{Problem, lines};
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
    /// Both as a file has them, for another database: it may have rows in
    /// tables that are empty in this one, and another schema.
    file: (Vec<String>, Vec<String>),
    /// Whether triggers are made for tables that were empty when they were looked at.
    trusts_in_empty_tables: bool,
    /// The schema in which recording is at home (PostgreSQL).
    home: String,
    problems: Vec<Problem>,
}

/// The statements of changes, and what takes them back.
fn statements(findings: impl IntoIterator<Item = Findings>) -> (Vec<String>, Vec<String>) {
    let mut findings: Vec<Findings> = findings.into_iter().collect();
    let (mut up, mut down) = (Vec::new(), Vec::new());
    let mut add = |change: Change| {
        up.extend(change.up);
        down.splice(0..0, change.down);
    };
    // A column cannot go as long as triggers name it.
    let alters: Vec<Change> = findings
        .iter_mut()
        .flat_map(|one| one.alters.drain(..))
        .collect();
    if !alters.is_empty() {
        findings
            .iter_mut()
            .flat_map(Findings::take_drops)
            .for_each(&mut add);
    }
    alters.into_iter().for_each(&mut add);
    let mut later = Vec::new();
    for findings in findings {
        later.extend(findings.later);
        findings.changes.into_iter().for_each(&mut add);
    }
    later.into_iter().for_each(add);
    (up, down)
}

impl Plan {
    pub(super) fn new(engine: Kind, findings: Vec<Findings>) -> Self {
        let problems = findings.iter().flat_map(|one| &one.problems);
        let problems = problems.filter(|problem| problem.kind.stops());
        let problems = problems.cloned().collect();
        let home = Home::of(&findings);
        let trusts_in_empty_tables = findings.iter().any(|one| one.elsewhere.is_some());
        let elsewhere = findings.iter().cloned();
        let mut file =
            statements(elsewhere.map(|mut one| one.elsewhere.take().map_or(one, |other| *other)));
        let (mut up, mut down) = statements(findings);
        if engine == Kind::Postgres {
            for statements in [&mut file.0, &mut file.1] {
                let guard = home.guard(statements);
                let follow = statements.iter().map(|one| Home::follow(one));
                *statements = guard.into_iter().chain(follow).collect();
            }
            for statement in up.iter_mut().chain(&mut down) {
                *statement = home.settle(statement);
            }
        }
        Self {
            engine,
            up,
            down,
            file,
            trusts_in_empty_tables,
            home: home.schema,
            problems,
        }
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.up.is_empty()
    }

    /// The statements to apply to this database as it is now, in order, without
    /// semicolons at their ends. For another one
    /// [`write_migration`](Plan::write_migration) and the displayed text are safe.
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

    pub(super) fn home(&self) -> &str {
        &self.home
    }

    pub(super) fn trusts_in_empty_tables(&self) -> bool {
        self.trusts_in_empty_tables
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
    /// On PostgreSQL a file follows the schema in which it is applied (the first
    /// one of the search path), and refuses where the tables are not in it: so
    /// one file serves many tenants.
    ///
    /// The statements fit the table as it was when the plan was made, but for
    /// its rows: the triggers write what is missing of rows that were there
    /// before, also where the file is applied to a table that has some and was
    /// empty here. Where a file would install triggers that do not, because the
    /// table was backfilled here, it fails in a database where it was not. The
    /// statements can be edited: on a large table of PostgreSQL for instance, to build indexes
    /// `CONCURRENTLY`.
    ///
    /// At its head `up.sql` says what is made, and [who waits](Plan::locks).
    ///
    /// # Errors
    /// [`NotWritten`] if `name` cannot be part of a file name, if the plan has problems,
    /// or if a file cannot be written.
    pub fn write_migration(
        &self,
        dir: impl AsRef<Path>,
        name: &str,
    ) -> Result<Option<PathBuf>, NotWritten> {
        self.refuse_problems().map_err(NotWritten::Plan)?;
        let in_a_name = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        if name.is_empty() || !name.chars().all(in_a_name) {
            return Err(NotWritten::Name(name.to_owned()));
        }
        self.write_at(dir.as_ref(), name, std::time::SystemTime::now().into())
            .map_err(NotWritten::File)
    }

    fn write_at(
        &self,
        dir: &Path,
        name: &str,
        mut time: DateTime<Utc>,
    ) -> io::Result<Option<PathBuf>> {
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
        let up = head(self) + &script(&self.file.0);
        let down = "-- Written by handleref.\n\n".to_owned() + &script(&self.file.1);
        fs::write(folder.join("up.sql"), up)?;
        fs::write(folder.join("down.sql"), down)?;
        Ok(Some(folder))
    }
}

/// Why no migration was written. Its `Debug` is its `Display`, so that a `main` that
/// returns it prints what a person can read.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum NotWritten {
    /// The plan has [problems](Plan::problems).
    #[error(transparent)]
    Plan(Error),
    /// This cannot be part of a file's name.
    #[error("`{0}` is no name for a migration: use letters, digits, `_` and `-`")]
    Name(String),
    /// A file or folder cannot be written.
    #[error("the migration was not written: {0}")]
    File(#[source] io::Error),
}

impl fmt::Debug for NotWritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Statements as a file. The text of a trigger may hold semicolons; Diesel
/// hands the whole file to the server, which knows where a statement ends.
fn script(statements: &[String]) -> String {
    let mut script = String::new();
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
            for line in lines(&self.problems).lines() {
                writeln!(f, "-- PROBLEM: {line}")?;
            }
        }
        if self.is_empty() {
            return f.write_str("-- handleref: nothing to do\n");
        }
        f.write_str(&head(self))?;
        f.write_str(&script(&self.file.0))
    }
}
