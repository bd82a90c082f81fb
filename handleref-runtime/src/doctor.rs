//! Is the history of a database in order, and if not, what cures it?
//!
//! [`check`](Schema::check) compares a schema with its models. A doctor also looks at what is
//! in the tables: whether the newest records say what the rows say, whether records contradict each
//! other, whether folding a history gives the row. Everything that is found has its cure with it.
//!
//! ```text
//! let found = handleref::schema![Article, Topic].doctor().sample(1_000).execute(conn)?;
//! for finding in found.findings() {
//!     println!("{finding}");        // FAIL  triggers  Article: table `articles`: the trigger .. is missing
//! }
//! assert!(found.is_ok());
//! ```
//!
//! It writes nothing that stays: to compare, it makes a temporary table, in a transaction that
//! is rolled back.

mod checked;
mod finding;
mod indexes;
mod records;
mod replay;
mod server;
mod stored;

pub use finding::{About, Area, Cure, Diagnosis, Finding, Severity};

use crate::error::Error;
use crate::facts::{RECORD_ID, RECORDED_AT};
use crate::history::tables::{quoted_table, record_tables};
use crate::schema::{RecordedTable, Report, Schema};
use crate::session::{Boxed, Executor, Session};
use crate::sql::{Raw, Sql, raw};
use finding::Findings;

/// Looks at everything; made by [`Schema::doctor`].
#[derive(Debug, Clone)]
#[must_use = "nothing is looked at before `.execute(conn)`"]
pub struct Doctor<'s> {
    schema: &'s Schema,
    /// How many histories of each model are folded; all without a number.
    sample: Option<u32>,
    only: Vec<String>,
}

impl Schema {
    /// A [`Doctor`] for the history of these models.
    pub fn doctor(&self) -> Doctor<'_> {
        Doctor {
            schema: self,
            sample: Some(1_000),
            only: Vec::new(),
        }
    }
}

impl Doctor<'_> {
    /// Folds the histories of so many rows of each model (1,000, if nothing is said).
    pub fn sample(mut self, rows: u32) -> Self {
        self.sample = Some(rows);
        self
    }

    /// Folds the histories of all rows.
    pub fn all(mut self) -> Self {
        self.sample = None;
        self
    }

    /// Looks at the models with these names, and not at others.
    pub fn only<T: Into<String>>(mut self, models: impl IntoIterator<Item = T>) -> Self {
        self.only.extend(models.into_iter().map(Into::into));
        self
    }

    /// Looks at all of it. Not inside a transaction, in which switches may be on by right.
    ///
    /// # Errors
    /// [`Error::Database`]. What is wrong with the history is no error.
    pub fn execute<'a, C: Executor>(
        self,
        conn: &'a mut C,
    ) -> C::Output<'a, Result<Diagnosis, Error>>
    where
        Self: 'a,
    {
        C::finish(self.diagnosed(conn))
    }

    pub(crate) fn diagnosed<'a>(
        self,
        conn: &'a mut dyn Session,
    ) -> Boxed<'a, Result<Diagnosis, Error>>
    where
        Self: 'a,
    {
        Box::pin(async move { diagnose(conn, &self).await })
    }

    fn wants(&self, model: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|one| one == model)
    }
}

/// What all parts look at.
struct Patient<'a> {
    doctor: &'a Doctor<'a>,
    /// The models that are to be looked at.
    tables: Vec<RecordedTable>,
    /// Those of them whose tables are as they have to be to be read.
    readable: Vec<RecordedTable>,
    /// The record tables that the database lists, and has.
    listed: Vec<String>,
    report: Report,
}

async fn diagnose(conn: &mut dyn Session, doctor: &Doctor<'_>) -> Result<Diagnosis, Error> {
    let report = doctor.schema.reported(conn).await?;
    let tables: Vec<RecordedTable> = doctor.schema.recorded().collect();
    let tables: Vec<_> = tables
        .into_iter()
        .filter(|it| doctor.wants(it.model))
        .collect();
    let installed = checked::is_installed(&report);
    let readable = tables
        .iter()
        .filter(|it| installed && checked::is_readable(&report, it));
    let mut patient = Patient {
        readable: readable.cloned().collect(),
        tables,
        doctor,
        report,
        listed: Vec::new(),
    };
    if installed {
        patient.listed = record_tables(conn, &crate::context::Home::default()).await?;
    }
    let mut findings = Findings::default();
    checked::look(conn, &patient, &mut findings).await?;
    if installed {
        records::look(conn, &patient, &mut findings).await?;
        stored::look(conn, &patient, &mut findings).await?;
        replay::look(conn, &patient, &mut findings).await?;
    }
    indexes::look(conn, &patient, &mut findings).await?;
    server::look(conn, &patient, &mut findings).await?;
    let about = about(conn, &patient).await?;
    Ok(findings.diagnosis(about))
}

async fn about(conn: &mut dyn Session, patient: &Patient<'_>) -> Result<About, Error> {
    let (engine, database) = server::named(conn).await?;
    let kind = conn.kind();
    let mut records = 0;
    for table in &patient.listed {
        let sql = raw!("SELECT COUNT(*) FROM {}", [quoted_table(kind, table)]);
        records += conn.one::<(i64,)>(Sql::once(sql)).await?.0;
    }
    Ok(About {
        engine,
        database,
        models: patient.tables.len(),
        records,
    })
}

/// A key of a row as text, from the columns of `alias`.
fn key_text(kind: crate::engine::Kind, table: &RecordedTable, alias: &'static str) -> Raw {
    use crate::engine::Kind;
    use crate::sql::{as_text, quoted};
    let parts = table
        .key
        .iter()
        .map(|name| as_text(kind, raw!("{alias}{}", [quoted(kind, name)], alias)));
    let parts: Vec<Raw> = parts.collect();
    match kind {
        Kind::Mysql => raw!("CONCAT_WS(',', {})", [Raw::join(parts, ", ")]),
        Kind::Sqlite | Kind::Postgres => Raw::join(parts, " || ',' || "),
    }
}

/// The last time that a record of a table has.
async fn latest(
    conn: &mut dyn Session,
    table: &str,
) -> Result<Option<chrono::NaiveDateTime>, Error> {
    let table = quoted_table(conn.kind(), table);
    let sql = raw!(
        "SELECT MAX({RECORDED_AT}) FROM {table} WHERE {RECORD_ID} > 0",
        RECORDED_AT,
        RECORD_ID,
        table
    );
    let (found,) = conn.one(Sql::once(sql)).await?;
    Ok(found)
}
