//! What is wrong with a database and its history, and what cures it.
//!
//! ```text
//! let diagnosis = handleref::schema![Topic, Article].doctor().execute(conn)?;
//! for finding in diagnosis.findings() {
//!     println!("{finding}");         // triggers: Article: the trigger `..` is missing
//! }
//! assert!(diagnosis.is_healthy());
//! ```
//!
//! [`Schema::check`] compares the tables with the models. This does that, too, and looks at
//! what is in them: rows that their history does not know, records that nobody but a person
//! can have written, changesets without an end. It changes nothing, but a temporary table.

mod changesets;
mod clock;
mod coverage;
mod finding;
mod indexes;
mod listed;
mod problems;
mod records;

pub use finding::{Area, Cure, Finding, Severity};

use crate::error::Error;
use crate::schema::{RecordedTable, Schema};
use crate::session::{Boxed, Executor, Session};
use std::marker::PhantomData;

/// So many records are looked at if nothing else is said.
const SAMPLE: u32 = 10_000;

/// Looks for what is wrong; made by [`Schema::doctor`].
#[derive(Debug)]
#[must_use = "nothing happens before `.execute(conn)`"]
pub struct Doctor<C: Executor> {
    schema: Schema,
    models: Vec<String>,
    sample: Option<u32>,
    connection: PhantomData<fn(&mut C)>,
}

/// What a [`Doctor`] has found.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Diagnosis {
    /// The engine with its version: `PostgreSQL 15.4`.
    pub engine: String,
    /// The database's name, or its file's.
    pub database: Option<String>,
    /// How many recorded models were looked at.
    pub models: usize,
    /// How many records they have.
    pub records: i64,
    /// By area; an area in which nothing is wrong has one finding that says what was looked at.
    pub findings: Vec<Finding>,
}

impl Schema {
    /// Looks for what is wrong with the database and the history in it; see
    /// [`doctor`](crate::doctor).
    ///
    /// ```text
    /// let diagnosis = schema![Topic, Article].doctor().all().execute(conn)?;
    /// assert!(diagnosis.is_healthy());
    /// ```
    pub fn doctor<C: Executor>(&self) -> Doctor<C> {
        Doctor {
            schema: self.clone(),
            models: Vec::new(),
            sample: Some(SAMPLE),
            connection: PhantomData,
        }
    }
}

impl<C: Executor> Doctor<C> {
    /// Only this model, and what belongs to none. It may be called more than once.
    pub fn model(mut self, name: &str) -> Self {
        self.models.push(name.to_owned());
        self
    }

    /// Of each model the records of the rows that so many of the newest records are about;
    /// 10,000 if it is not called.
    pub fn sample(mut self, records: u32) -> Self {
        self.sample = Some(records);
        self
    }

    /// All records.
    pub fn all(mut self) -> Self {
        self.sample = None;
        self
    }

    /// Looks, and changes nothing.
    ///
    /// # Errors
    /// [`Error::Database`] if the catalogue cannot be read. What cannot be looked at for
    /// another reason is a finding.
    pub fn execute(self, conn: &mut C) -> C::Output<'_, Result<Diagnosis, Error>> {
        C::finish(examine(conn, self.schema, self.models, self.sample))
    }
}

impl Diagnosis {
    /// What was found, and where nothing was.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// How many findings are as severe as that.
    pub fn count(&self, severity: Severity) -> usize {
        let found = self.findings.iter();
        found.filter(|it| it.severity == severity).count()
    }

    /// Whether there is neither a failure nor a warning.
    pub fn is_healthy(&self) -> bool {
        self.count(Severity::Ok) == self.findings.len()
    }
}

/// What the parts look at.
struct Case {
    tables: Vec<RecordedTable>,
    sample: Option<u32>,
}

/// [`Doctor::execute`], without the connection's type.
pub(crate) fn examine(
    conn: &mut dyn Session,
    schema: Schema,
    models: Vec<String>,
    sample: Option<u32>,
) -> Boxed<'_, Result<Diagnosis, Error>> {
    Box::pin(async move {
        let known: Vec<RecordedTable> = schema.recorded().collect();
        let others = |model: &str| {
            !models.is_empty()
                && !models.iter().any(|it| it == model)
                && known.iter().any(|it| it.model == model)
        };
        let tables = known.iter().filter(|it| !others(it.model)).cloned();
        let case = Case {
            tables: tables.collect(),
            sample,
        };
        let report = schema.report(conn).await?;
        let mut findings: Vec<Finding> = report.iter().map(problems::finding).collect();
        findings.retain(|it| !it.model.as_deref().is_some_and(others));
        let mut records = 0;
        for table in &case.tables {
            // Without its table, the check has said so.
            records += records::count(conn, table).await.unwrap_or(0);
        }
        coverage::examine(conn, &case, &mut findings).await;
        records::examine(conn, &case, &mut findings).await;
        indexes::examine(conn, &case, &mut findings).await;
        changesets::examine(conn, &case, &mut findings).await;
        listed::examine(conn, &known, &mut findings).await;
        clock::examine(conn, &case, &mut findings).await;
        problems::healthy(&case.tables, records, &mut findings);
        findings.sort_by_key(|it| it.area);
        Ok(Diagnosis {
            engine: clock::engine(conn).await?,
            database: clock::database(conn).await?,
            models: case.tables.len(),
            records,
            findings,
        })
    })
}

/// A part could not be looked at: a finding, so that the others are looked at.
fn unread(area: Area, object: Option<&str>, error: &dyn std::fmt::Display) -> Finding {
    let finding = Finding::new(
        area,
        Severity::Warning,
        format!("this could not be looked at: {error}"),
    );
    let finding = match object {
        Some(object) => finding.of(object),
        None => finding,
    };
    finding.cure(Cure::words(
        "put the other findings right, then look again; or give this user the right to read it",
    ))
}
