//! The schema that the models need: managed columns, indexes and guards.
//!
//! [`schema!`](crate::schema!) lists the models of a program. From it, against
//! a live connection: [`plan`](Schema::plan) the statements that are missing,
//! [`install`](Schema::install) them, [`check`](Schema::check) for drift, or
//! [write a Diesel migration](Plan::write_migration).
//!
//! ```text
//! let schema = handleref::schema![Article, Topic];
//! println!("{}", schema.plan(conn)?);                                  // SQL
//! schema.plan(conn)?.write_migration("migrations", "handleref")?;      // or files
//! schema.install(conn)?;                                               // or at once
//! assert!(schema.check(conn)?.is_ok());                                // later, in a test
//! ```
//!
//! The tables themselves are the user's: a missing one is reported. So is the
//! column of a status, whose values are the program's; it is not installed. Rows that
//! are there when the columns are added get version 1, and the time of the
//! installation as both timestamps; if one of the two timestamps is there
//! already, the other one is copied from it.
//!
//! # Guards
//!
//! A guard is a trigger on a table with a version or an `updated_at`. It acts
//! when an `UPDATE` by someone who knows nothing of handleref changes a row:
//!
//! * The version rises by one and `updated_at` is stamped, by the database's
//!   clock, whatever the statement itself assigns to it.
//! * A row that the statement leaves as it was is left alone. It still counts
//!   among the rows of the statement. Values are compared byte by byte, nulls included.
//! * A version that the statement sets to the old value or a lower one becomes
//!   the old one plus one. So a stale writer cannot take a version back.
//! * A statement that raises the version is left alone, and on a table without
//!   a version one that raises `updated_at`: the verbs of handleref, and
//!   mirrors that copy rows as they are.
//!
//! Soft-deleting or restoring a row by hand is a change like any other.
//!
//! # Limits
//!
//! * SQLite: a plain `UPDATE .. RETURNING` gives the row as it was before the
//!   guard's own write. `REPLACE` is a delete and an insert: the version starts
//!   again. Adding a timestamp column edits the text of the schema
//!   (`PRAGMA writable_schema`), which connections in defensive mode refuse.
//! * PostgreSQL: `BEFORE` triggers fire in the order of their names, and what a
//!   later one changes in a row that was unchanged so far is not counted.
//! * SQLite, MySQL and MariaDB: the guard names every column of the table. A
//!   change to a column that was added since is not noticed, until `install`
//!   has replaced the guard; `check` reports it. Before a column is dropped,
//!   the guard has to go: `DROP TRIGGER handleref_guard_<table>`, drop the
//!   column, then `install`.
//! * MySQL: an altered trigger is dropped and made again under `LOCK TABLES`,
//!   which needs that privilege. MariaDB replaces it in one statement.
//! * MySQL and MariaDB: where the binary log is on, creating a trigger needs a
//!   privilege or `log_bin_trust_function_creators`; the server's error says so.
//!   What foreign keys do fires no triggers. Rows are not
//!   stamped alike if a timestamp is of type `TIMESTAMP` and sessions differ in
//!   their time zone.

use crate::any::{Engines, Subject, Verbs};
use crate::error::Error;
use crate::session::{Boxed, Executor, Session};
use alter::Alteration;
use capture::access::{Access, Role};
use dialect::Wanted;
use install::{Goal, compare};
use model::join;
use names::TableName;
use std::sync::Arc;

mod alter;
mod capture;
mod dialect;
mod diff;
mod home;
mod indexes;
mod inspect;
mod install;
mod leftovers;
mod live;
mod locks;
mod model;
mod mysql;
mod names;
mod plan;
mod postgres;
pub(crate) mod problem;
mod recorded;
mod report;
mod sqlite;
mod tally;
mod why;

pub(crate) use capture::read::lost_beginnings;
#[doc(hidden)]
pub use inspect::Catalog;
pub(crate) use inspect::ForeignKey;
pub(crate) use leftovers::differs_from_today;
pub use locks::{Lasts, Lock, Waits};
pub use model::ModelSchema;
#[cfg(any(
    feature = "sqlite",
    feature = "postgres_backend",
    feature = "mysql_backend"
))]
pub(crate) use model::Renderer;
pub use plan::{NotWritten, Plan};
pub use problem::{Problem, ProblemKind};
pub(crate) use recorded::RecordedTable;
pub use report::Report;
pub use tally::TableChange;

/// The schema of the listed models: `handleref::schema![Article, Topic]`.
#[macro_export]
macro_rules! schema {
    ($($model:ty),* $(,)?) => {
        $crate::schema::Schema::new([$({
            #[allow(unused_imports)]
            use $crate::private::{NotOn as _, NotRecorded as _, NoVerbs as _, RecordedAlone as _};
            $crate::private::SchemaOf::<$model>::model()
                .recorded_as($crate::private::SchemaOf::<$model>::recording())
                .registered($crate::__registered!($model))
        }),*])
    };
}

/// The models of a program; made by [`schema!`](crate::schema!).
#[derive(Debug, Clone)]
pub struct Schema {
    tables: Vec<Wanted>,
    access: Access,
    registered: Vec<Registered>,
    subjects: Vec<Subject>,
}

/// A model as it can be read on each engine, its verbs, and the tag of its handles.
#[derive(Debug, Clone)]
pub(crate) struct Registered {
    pub(crate) engines: Engines,
    pub(crate) verbs: Arc<[Verbs]>,
    pub(crate) tag: Option<&'static str>,
}

impl Schema {
    /// A schema of these models. Models that share a table are taken together.
    pub fn new(models: impl IntoIterator<Item = ModelSchema>) -> Self {
        let (mut tables, mut registered): (Vec<Wanted>, Vec<Registered>) = Default::default();
        let mut subjects: Vec<Subject> = Vec::new();
        for model in models {
            let known = |subject: &Subject| {
                subjects
                    .iter()
                    .any(|one| one.recording == subject.recording)
            };
            let new = model.subject.filter(|subject| !known(subject));
            subjects.extend(new);
            registered.extend(model.registered.clone());
            let unknown = || TableName {
                schema: None,
                table: model.table.clone(),
            };
            let table = TableName::parse(&model.table).unwrap_or_else(unknown);
            match tables.iter_mut().find(|wanted| wanted.table == table) {
                Some(wanted) => join(wanted, &model),
                None => tables.push(Wanted {
                    models: model.name.to_owned(),
                    table,
                    roles: model.roles,
                    key: model.key.to_vec(),
                    unique: model.unique.to_vec(),
                    indexed: model.indexed.to_vec(),
                    written: model.written.to_vec(),
                    guards: true,
                    recorder: model.name,
                    recording: model.recording,
                    described: model.description(),
                    recorded_twice: false,
                    alterations: Vec::new(),
                }),
            }
        }
        for at in 1..tables.len() {
            let (before, rest) = tables.split_at_mut(at);
            if let Some(wanted) = rest.first_mut() {
                wanted.recorded_twice |= before.iter().any(|other| wanted.shares_records(other));
            }
        }
        Self {
            tables,
            access: Access::default(),
            registered,
            subjects,
        }
    }

    /// The models that a registry may have.
    pub(crate) fn registered(&self) -> &[Registered] {
        &self.registered
    }

    /// The models that are recorded, each once.
    pub(crate) fn subjects(&self) -> &[Subject] {
        &self.subjects
    }

    /// Makes a role (PostgreSQL) or account (MySQL, MariaDB) the owner of the
    /// history: record tables, changesets, events and numbers are its own, and
    /// triggers run with its rights. Whoever writes to the models' tables needs
    /// no right on the history any more, and can neither change it nor keep it
    /// from being written.
    ///
    /// ```text
    /// schema![Article, Topic]
    ///     .owned_by("history")        // MySQL, MariaDB: "history@localhost"
    ///     .writer("app")
    ///     .reader("reports")
    ///     .install(conn)?;            // as a superuser, or a member of `history`
    /// ```
    ///
    /// The role has to exist, and nobody but administrators should be able to
    /// log in as it. A database keeps its owner: `install` and `check` of
    /// programs that do not name it know it from there. SQLite has no roles, and
    /// this changes nothing there. What is refused to whom is in
    /// `docs/security.md`.
    #[must_use]
    pub fn owned_by(mut self, role: &str) -> Self {
        self.access.owner = Some(Role(role.to_owned()));
        self
    }

    /// Lets a role or account record changes as changesets, on a database with
    /// an [owner](Schema::owned_by). Its rights on the models' tables are given
    /// by whoever gives them today.
    #[must_use]
    pub fn writer(mut self, role: &str) -> Self {
        self.access.writers.push(Role(role.to_owned()));
        self
    }

    /// Lets a role or account read the history, and follow changes, on a
    /// database with an [owner](Schema::owned_by).
    #[must_use]
    pub fn reader(mut self, role: &str) -> Self {
        self.access.readers.push(Role(role.to_owned()));
        self
    }

    fn goal(&self) -> Goal<'_> {
        Goal {
            tables: &self.tables,
            access: &self.access,
        }
    }

    /// Without guard triggers: only writers that use handleref's verbs bump.
    /// Guards that are there already are left as they are.
    #[must_use]
    pub fn without_guards(mut self) -> Self {
        for wanted in &mut self.tables {
            wanted.guards = false;
        }
        self
    }

    /// Drops a column of a table of these models or of a relative of theirs, in
    /// the plan that makes triggers which do not name it: in the order that
    /// every engine wants, and on PostgreSQL and SQLite in one transaction. The
    /// models have the field no longer. Records keep what they know of it.
    ///
    /// Where the column is gone already, there is nothing to do. `down` brings
    /// back the column, and not its values.
    #[must_use]
    pub fn dropping(self, table: &str, column: &str) -> Self {
        self.altering(table, column, None)
    }

    /// Renames a column, as [`dropping`](Self::dropping) drops one. The models
    /// have the new name already; the column of the record table is renamed,
    /// too.
    #[must_use]
    pub fn renaming(self, table: &str, column: &str, to: &str) -> Self {
        self.altering(table, column, Some(to))
    }

    fn altering(mut self, table: &str, column: &str, to: Option<&str>) -> Self {
        for wanted in &mut self.tables {
            wanted.alterations.push(Alteration {
                table: table.to_owned(),
                column: column.to_owned(),
                to: to.map(str::to_owned),
            });
        }
        self
    }

    /// Compares the database with the models, and changes nothing.
    ///
    /// # Errors
    /// [`Error::Database`] if the catalogue cannot be read. What is wrong with
    /// the tables is no error here: see [`Plan::problems`].
    pub fn plan<'a, C: Executor>(&'a self, conn: &'a mut C) -> C::Output<'a, Result<Plan, Error>> {
        C::finish(install::plan(conn, self.goal()))
    }

    /// Applies the plan, and gives it back. A second call finds nothing to do.
    ///
    /// On SQLite and PostgreSQL it is one transaction. On MySQL and MariaDB,
    /// where DDL commits by itself, a failure leaves the statements before it
    /// in place, and the next call does the rest. Several programs may install
    /// at the same time; on PostgreSQL, MySQL and MariaDB they wait for each
    /// other, on SQLite as long as `busy_timeout` lets them.
    ///
    /// # Errors
    /// [`Error::Schema`] if there is something that a person has to decide, of
    /// which nothing is applied, and [`Error::Database`].
    pub fn install<'a, C: Executor>(
        &'a self,
        conn: &'a mut C,
    ) -> C::Output<'a, Result<Plan, Error>> {
        C::finish(install::install(conn, self.goal()))
    }

    /// As [`plan`](Schema::plan).
    pub(crate) fn planned<'a>(
        &'a self,
        conn: &'a mut dyn Session,
    ) -> Boxed<'a, Result<Plan, Error>> {
        install::plan(conn, self.goal())
    }

    /// As [`install`](Schema::install).
    #[cfg(feature = "manage")]
    pub(crate) fn installed<'a>(
        &'a self,
        conn: &'a mut dyn Session,
    ) -> Boxed<'a, Result<Plan, Error>> {
        install::install(conn, self.goal())
    }

    /// Looks for drift: whatever is missing or not as the models need it. Of
    /// models with redacted or skipped fields it reads the records, up to one that
    /// holds a value of them from before.
    ///
    /// # Errors
    /// [`Error::Database`] if the catalogue cannot be read.
    pub fn check<'a, C: Executor>(
        &'a self,
        conn: &'a mut C,
    ) -> C::Output<'a, Result<Report, Error>> {
        C::finish(self.report(conn))
    }

    /// As [`check`](Schema::check).
    pub(crate) fn reported<'a>(
        &'a self,
        conn: &'a mut dyn Session,
    ) -> Boxed<'a, Result<Report, Error>> {
        self.report(conn)
    }

    /// How many triggers of ours the tables and their record tables have.
    pub(crate) async fn triggers(&self, conn: &mut dyn Session) -> Result<usize, Error> {
        let dialect = dialect::dialect(conn.kind());
        let mut names: Vec<TableName> = Vec::new();
        for wanted in &self.tables {
            names.push(wanted.table.clone());
            let records = wanted.recording.map(|it| wanted.sibling(it.records));
            names.extend(records);
        }
        let mut found = 0;
        for name in names {
            let live = live::read(conn, dialect, &name).await?;
            let ours = live.triggers.iter();
            found += ours.filter(|it| it.name.starts_with("handleref_")).count();
        }
        Ok(found)
    }

    fn report<'a>(&'a self, conn: &'a mut dyn Session) -> Boxed<'a, Result<Report, Error>> {
        Box::pin(async move {
            // It tells how things are, whatever is intended.
            let mut tables = self.tables.clone();
            for wanted in &mut tables {
                wanted.alterations.clear();
            }
            let goal = Goal {
                tables: &tables,
                access: &self.access,
            };
            let findings = compare(conn, goal).await?;
            let mut report = Report {
                problems: Vec::new(),
                uncovered: Vec::new(),
                trusted: Vec::new(),
                due: Vec::new(),
            };
            for findings in findings {
                report.problems.extend(findings.problems);
                report.problems.extend(findings.noticed);
                report.uncovered.extend(findings.uncovered);
                report.trusted.extend(findings.trusted);
                report.due.extend(findings.due);
            }
            let leftovers = leftovers::read(conn, &self.tables).await?;
            report.uncovered.extend(leftovers);
            Ok(report)
        })
    }
}
