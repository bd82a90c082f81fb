//! The database against the models: what differs, and how it is made right.

use super::dialect::{Wanted, dialect};
use super::diff::{Findings, compare as compare_table};
use super::live;
use super::plan::Plan;
use super::records::read::recorded;
use super::records::support::Support;
use crate::engine::{Engine, Kind};
use crate::error::Error;
use crate::executor::{Steps, Transaction};

pub(super) async fn compare<C: Steps>(
    conn: &mut C,
    tables: &[Wanted],
) -> Result<Vec<Findings>, Error> {
    let dialect = dialect(C::Backend::KIND);
    let mut findings = Vec::with_capacity(tables.len());
    let mut supports: Vec<(Option<&str>, Support)> = Vec::new();
    for wanted in tables {
        let Some(recording) = wanted.recording else {
            let mut live = live::read(conn, dialect, &wanted.table).await?;
            live::read_greatest_version(conn, dialect, wanted, &mut live).await?;
            findings.push(compare_table(dialect, wanted, &live, None));
            continue;
        };
        let mut live = live::read_with_types(conn, dialect, &wanted.table).await?;
        live::read_greatest_version(conn, dialect, wanted, &mut live).await?;
        if live.found.as_deref() != Some("table") {
            findings.push(compare_table(dialect, wanted, &live, None));
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
        let recorded = recorded(conn, dialect, wanted, recording, &live, support, tables).await?;
        let recording = Some((recording, &recorded, support));
        findings.push(compare_table(dialect, wanted, &live, recording));
    }
    Ok(findings)
}

pub(super) async fn make_plan<C: Steps>(conn: &mut C, tables: &[Wanted]) -> Result<Plan, Error> {
    Ok(Plan::new(C::Backend::KIND, compare(conn, tables).await?))
}

pub(super) async fn install<C: Steps>(conn: &mut C, tables: &[Wanted]) -> Result<Plan, Error> {
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
