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
//! The tables themselves are the user's: a missing one is reported. Rows that
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
//! * MySQL and MariaDB: where the binary log is on, creating a trigger needs a
//!   privilege or `log_bin_trust_function_creators`; the server's error says so.
//!   What foreign keys do fires no triggers. Rows are not
//!   stamped alike if a timestamp is of type `TIMESTAMP` and sessions differ in
//!   their time zone.

use crate::engine::{Engine, Kind};
use crate::error::Error;
use crate::executor::{Executor, Steps, Transaction};
use crate::model::Roles;
use crate::record::facts::Recording;
use dialect::{Wanted, dialect};
use names::TableName;
use records::support::Support;

mod dialect;
mod diff;
mod indexes;
mod inspect;
mod live;
mod mysql;
mod names;
mod plan;
mod postgres;
pub(crate) mod problem;
mod recorded;
mod records;
mod sqlite;

#[doc(hidden)]
pub use inspect::Catalog;
pub(crate) use inspect::{ForeignKey, Inspected};
pub use plan::Plan;
pub(crate) use recorded::RecordedTable;
pub use problem::{Problem, ProblemKind, Report};

/// The schema of the listed models: `handleref::schema![Article, Topic]`.
#[macro_export]
macro_rules! schema {
    ($($model:ty),* $(,)?) => {
        $crate::schema::Schema::new([$({
            #[allow(unused_imports)]
            use $crate::private::{NotRecorded as _, RecordedAlone as _};
            $crate::private::SchemaOf::<$model>::model()
                .recorded_as($crate::private::SchemaOf::<$model>::recording())
        }),*])
    };
}

/// What a model says about its table.
#[derive(Debug, Clone)]
pub struct ModelSchema {
    name: &'static str,
    table: String,
    roles: Roles,
    key: &'static [&'static str],
    unique: &'static [&'static [&'static str]],
    recording: Option<Recording>,
}

impl ModelSchema {
    /// A model by its facts; `table` is quoted as Diesel does it.
    #[doc(hidden)]
    pub fn described(
        name: &'static str,
        table: &str,
        roles: Roles,
        key: &'static [&'static str],
    ) -> Self {
        Self {
            name,
            table: table.to_owned(),
            roles,
            key,
            unique: &[],
            recording: None,
        }
    }

    /// With this recording, if there is one.
    #[doc(hidden)]
    #[must_use]
    pub fn recorded_as(mut self, recording: Option<Recording>) -> Self {
        self.recording = recording;
        self
    }

    /// With this recording.
    #[doc(hidden)]
    #[must_use]
    pub fn with_recording(mut self, recording: Recording) -> Self {
        self.recording = Some(recording);
        self
    }
}

/// A backend to render a table's name; names do not depend on the engine.
#[cfg(feature = "sqlite")]
pub(crate) type Renderer = diesel::sqlite::Sqlite;
#[cfg(all(feature = "postgres_backend", not(feature = "sqlite")))]
pub(crate) type Renderer = diesel::pg::Pg;
#[cfg(all(
    feature = "mysql_backend",
    not(any(feature = "sqlite", feature = "postgres_backend"))
))]
pub(crate) type Renderer = diesel::mysql::Mysql;

#[cfg(any(
    feature = "sqlite",
    feature = "postgres_backend",
    feature = "mysql_backend"
))]
impl ModelSchema {
    /// The facts about `M`.
    pub fn of<M>() -> Self
    where
        M: crate::model::HandleRef<
                Table: diesel::QuerySource<
                    FromClause: diesel::query_builder::QueryFragment<Renderer>,
                >,
            >,
    {
        Self {
            unique: M::UNIQUE,
            ..Self::described(M::NAME, &rendered(&M::table()), M::ROLES, M::KEY_COLUMNS)
        }
    }

    /// The facts about a model that is recorded, and nothing else.
    #[doc(hidden)]
    pub fn recorded_only<T>(
        name: &'static str,
        table: &T,
        key: &'static [&'static str],
        recording: Recording,
    ) -> Self
    where
        T: diesel::QuerySource<FromClause: diesel::query_builder::QueryFragment<Renderer>>,
    {
        Self::described(name, &rendered(table), Roles::NONE, key).with_recording(recording)
    }
}

/// A table's name as Diesel writes it.
#[cfg(any(
    feature = "sqlite",
    feature = "postgres_backend",
    feature = "mysql_backend"
))]
fn rendered<T>(table: &T) -> String
where
    T: diesel::QuerySource<FromClause: diesel::query_builder::QueryFragment<Renderer>>,
{
    use diesel::query_builder::{QueryBuilder, QueryFragment};
    let mut sql = <Renderer as diesel::backend::Backend>::QueryBuilder::default();
    // Fails only for a FROM clause that is no table's name; then it does not parse.
    match table.from_clause().to_sql(&mut sql, &Renderer::default()) {
        Ok(()) => sql.finish(),
        Err(_) => String::new(),
    }
}

/// The models of a program; made by [`schema!`](crate::schema!).
#[derive(Debug, Clone)]
pub struct Schema {
    tables: Vec<Wanted>,
}

impl Schema {
    /// A schema of these models. Models that share a table are taken together.
    pub fn new(models: impl IntoIterator<Item = ModelSchema>) -> Self {
        let mut tables: Vec<Wanted> = Vec::new();
        for model in models {
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
                    guards: true,
                    recorder: model.name,
                    recording: model.recording,
                    recorded_twice: false,
                }),
            }
        }
        for at in 1..tables.len() {
            let (before, rest) = tables.split_at_mut(at);
            if let Some(wanted) = rest.first_mut() {
                wanted.recorded_twice |= before.iter().any(|other| wanted.shares_records(other));
            }
        }
        Self { tables }
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

    /// Compares the database with the models, and changes nothing.
    ///
    /// # Errors
    /// [`Error::Database`] if the catalogue cannot be read. What is wrong with
    /// the tables is no error here: see [`Plan::problems`].
    pub fn plan<'a, C: Executor>(&'a self, conn: &'a mut C) -> C::Output<'a, Result<Plan, Error>> {
        C::run(make_plan(conn, &self.tables))
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
        C::run(install(conn, &self.tables))
    }

    /// Looks for drift: whatever is missing or not as the models need it.
    ///
    /// # Errors
    /// [`Error::Database`] if the catalogue cannot be read.
    pub fn check<'a, C: Executor>(
        &'a self,
        conn: &'a mut C,
    ) -> C::Output<'a, Result<Report, Error>> {
        C::run(async move {
            let findings = compare(conn, &self.tables).await?;
            let mut report = Report {
                problems: Vec::new(),
                uncovered: Vec::new(),
            };
            for findings in findings {
                report.problems.extend(findings.problems);
                report.uncovered.extend(findings.uncovered);
            }
            Ok(report)
        })
    }
}

/// Adds what another model of the same table needs.
fn join(wanted: &mut Wanted, model: &ModelSchema) {
    wanted.models = format!("{}, {}", wanted.models, model.name);
    let (one, other) = (&mut wanted.roles, model.roles);
    one.version = one.version.or(other.version);
    one.created_at = one.created_at.or(other.created_at);
    one.updated_at = one.updated_at.or(other.updated_at);
    one.deleted_at = one.deleted_at.or(other.deleted_at);
    if one.status.is_none() || one.status == other.status {
        one.status = other.status.or(one.status);
        one.deleted_status = one.deleted_status.or(other.deleted_status);
    }
    if wanted.recording.is_some() && model.recording.is_some() {
        wanted.recorded_twice |= wanted.recording != model.recording;
    }
    if wanted.recording.is_none() && model.recording.is_some() {
        wanted.recording = model.recording;
        wanted.recorder = model.name;
    }
    for columns in model.unique {
        if !wanted.unique.contains(columns) {
            wanted.unique.push(columns);
        }
    }
}

async fn compare<C: Steps>(conn: &mut C, tables: &[Wanted]) -> Result<Vec<diff::Findings>, Error> {
    let dialect = dialect(C::Backend::KIND);
    let mut findings = Vec::with_capacity(tables.len());
    let mut supports: Vec<(Option<&str>, Support)> = Vec::new();
    for wanted in tables {
        let Some(recording) = wanted.recording else {
            let live = live::read(conn, dialect, &wanted.table).await?;
            findings.push(diff::compare(dialect, wanted, &live, None));
            continue;
        };
        let live = live::read_with_types(conn, dialect, &wanted.table).await?;
        if live.found.as_deref() != Some("table") {
            findings.push(diff::compare(dialect, wanted, &live, None));
            continue;
        }
        // A trigger of SQLite sees its own database file and no other.
        let place = wanted.table.schema.as_deref();
        let place = place.filter(|_| C::Backend::KIND == Kind::Sqlite);
        let at = match supports.iter().position(|(known, _)| *known == place) {
            Some(at) => at,
            None => {
                let support = Support::read(conn, dialect, place).await?;
                findings.push(support.compare(dialect));
                supports.push((place, support));
                supports.len() - 1
            }
        };
        let Some((_, support)) = supports.get(at) else {
            continue;
        };
        let recorded =
            records::read::recorded(conn, dialect, wanted, recording, &live, support, tables)
                .await?;
        let recording = Some((recording, &recorded, support));
        findings.push(diff::compare(dialect, wanted, &live, recording));
    }
    Ok(findings)
}

async fn make_plan<C: Steps>(conn: &mut C, tables: &[Wanted]) -> Result<Plan, Error> {
    Ok(Plan::new(C::Backend::KIND, compare(conn, tables).await?))
}

async fn install<C: Steps>(conn: &mut C, tables: &[Wanted]) -> Result<Plan, Error> {
    // The usual case at a program's start; it waits for nobody.
    let plan = make_plan(conn, tables).await?;
    plan.refuse_problems()?;
    if plan.is_empty() {
        return Ok(plan);
    }
    if C::Backend::KIND == Kind::Mysql {
        // Best effort: not every cluster has named locks.
        let _ = conn.texts(diesel::sql_query(MYSQL_LOCK)).await;
        let result = apply(conn, tables).await;
        let _ = conn.texts(diesel::sql_query(MYSQL_UNLOCK)).await;
        return result;
    }
    let mut transaction = Transaction::begin(conn).await?;
    let result = lock_and_apply(transaction.conn(), tables).await;
    transaction.finish(result).await
}

const MYSQL_LOCK: &str = "SELECT CAST(GET_LOCK('handleref schema', 300) AS CHAR), \
     CAST(NULL AS CHAR), CAST(NULL AS CHAR), CAST(NULL AS CHAR)";
const MYSQL_UNLOCK: &str = "SELECT CAST(RELEASE_LOCK('handleref schema') AS CHAR), \
     CAST(NULL AS CHAR), CAST(NULL AS CHAR), CAST(NULL AS CHAR)";

async fn lock_and_apply<C: Steps>(conn: &mut C, tables: &[Wanted]) -> Result<Plan, Error> {
    if C::Backend::KIND == Kind::Postgres {
        conn.batch("SELECT pg_advisory_xact_lock(hashtext('handleref schema'))")
            .await?;
        return apply(conn, tables).await;
    }
    if let Some(wanted) = tables.first() {
        // Takes the write lock before anything is read, so that nobody writes
        // in between. If the table is missing, the plan says so.
        let dialect = dialect(C::Backend::KIND);
        let schema = wanted.table.schema.as_deref().unwrap_or("main");
        let table = format!(
            "{}.{}",
            dialect.quote(schema),
            dialect.quote(&wanted.table.table)
        );
        let _ = conn.batch(&format!("DELETE FROM {table} WHERE 0")).await;
    }
    let applied = apply(conn, tables).await;
    if applied.is_err() {
        // A rollback takes back the schema, but not this switch.
        let _ = conn.batch("PRAGMA writable_schema = OFF").await;
    }
    applied
}

/// Plans again, now that nobody else installs, and applies that.
async fn apply<C: Steps>(conn: &mut C, tables: &[Wanted]) -> Result<Plan, Error> {
    let plan = make_plan(conn, tables).await?;
    plan.refuse_problems()?;
    for statement in plan.up() {
        conn.batch(statement).await?;
    }
    Ok(plan)
}
