//! The database against the models: what differs, and how it is made right.

use super::alter::alterations;
use super::capture::Recorded;
use super::capture::access::Access;
use super::capture::read::{Known, Ours, ours, recorded};
use super::capture::support::{RECORDINGS, Support};
use super::dialect::{Dialect, Wanted, dialect};
use super::diff::{Findings, compare as compare_table};
use super::home::Home;
use super::live::{self, Live};
use super::mysql::LOCK_TABLES;
use super::plan::Plan;
use super::problem::{Problem, ProblemKind};
use crate::context::ALL_OFF;
use crate::engine::Kind;
use crate::error::Error;
use crate::facts::Recording;
use crate::session::absent::{NO_SUCH_TABLE, was};
use crate::session::{Boxed, Session, Transaction};
use crate::sql::{Raw, Sql};

/// What is wanted: the tables, and whose the history is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Goal<'a> {
    pub(super) tables: &'a [Wanted],
    pub(super) access: &'a Access,
}

pub(super) async fn compare(
    conn: &mut dyn Session,
    goal: Goal<'_>,
) -> Result<Vec<Findings>, Error> {
    let Goal { tables, access } = goal;
    let dialect = dialect(conn.kind());
    let mut findings = Vec::with_capacity(tables.len());
    let mut homes: Vec<(String, Ours)> = Vec::new();
    let mut supports: Vec<(Option<String>, Support)> = Vec::new();
    let mut owned: Vec<(Option<String>, &Wanted)> = Vec::new();
    // Numbers, moments and cursors are over all models of a program.
    let mut first_home: Option<String> = None;
    findings.push(alterations(conn, dialect, tables).await?);
    for wanted in tables {
        let mut live = match wanted.recording {
            Some(_) => live::read_with_types(conn, dialect, &wanted.table).await?,
            None => live::read(conn, dialect, &wanted.table).await?,
        };
        live::read_greatest_version(conn, dialect, wanted, &mut live).await?;
        live.alter(&wanted.table.table, &wanted.alterations);
        let recording = wanted
            .recording
            .filter(|_| live.found.as_deref() == Some("table"));
        // Elsewhere only those on relatives are asked for.
        if recording.is_none() && conn.kind() != Kind::Mysql {
            findings.push(at_home(dialect, wanted, &live, None));
            continue;
        }
        let home = match conn.kind() {
            // Where the table really is.
            Kind::Postgres => live.detail.clone(),
            Kind::Sqlite | Kind::Mysql => live.schema.clone().unwrap_or_default(),
        };
        let at = match homes.iter().position(|(known, _)| *known == home) {
            Some(at) => at,
            None => {
                let ours = ours(conn, dialect, &live).await?;
                findings.push(orphans(&ours));
                homes.push((home, ours));
                homes.len() - 1
            }
        };
        let Some((_, ours)) = homes.get(at) else {
            continue;
        };
        if conn.kind() == Kind::Mysql {
            ours.tell(&mut live);
        }
        let Some(recording) = recording else {
            findings.push(at_home(dialect, wanted, &live, None));
            continue;
        };
        let place = match conn.kind() {
            // A trigger of SQLite sees its own database file and no other.
            Kind::Sqlite => wanted.table.schema.clone(),
            // Every schema has its own.
            Kind::Postgres => live.schema.clone(),
            Kind::Mysql => None,
        };
        let at = match supports.iter().position(|(known, _)| *known == place) {
            Some(at) => at,
            None => {
                let support = Support::read(conn, dialect, place.as_deref(), access).await?;
                findings.push(support.compare(dialect));
                supports.push((place.clone(), support));
                supports.len() - 1
            }
        };
        let Some((_, support)) = supports.get(at) else {
            continue;
        };
        let known = Known {
            support,
            tables,
            ours,
        };
        let recorded = recorded(conn, dialect, wanted, recording, &live, known).await?;
        let home = support.home.clone();
        let elsewhere = first_home.get_or_insert_with(|| live.detail.clone());
        let recording = Some((recording, &recorded, support));
        let mut found = at_home(dialect, wanted, &live, recording);
        if conn.kind() == Kind::Postgres && *elsewhere != live.detail {
            found = Findings::default();
            found.problems.push(Problem {
                model: wanted.models.clone(),
                table: wanted.table.shown(),
                column: None,
                kind: ProblemKind::OtherSchema {
                    schema: live.detail.clone(),
                    others: elsewhere.clone(),
                },
            });
        }
        found.home = Some(home);
        findings.push(found);
        owned.push((place, wanted));
    }
    for (place, support) in &supports {
        let here = owned.iter().filter(|(at, _)| at == place);
        let here: Vec<&Wanted> = here.map(|(_, wanted)| *wanted).collect();
        findings.push(support.compare_access(dialect, access, &here));
    }
    Ok(findings)
}

/// What is wrong with a table, and whether it is in the default schema.
fn at_home(
    dialect: &dyn Dialect,
    wanted: &Wanted,
    live: &Live,
    recording: Option<(Recording, &Recorded, &Support)>,
) -> Findings {
    let mut found = compare_table(dialect, wanted, live, recording);
    if live.found.is_some() && live.schema.is_none() {
        found.home = Some(Home {
            schema: live.detail.clone(),
            ..Home::default()
        });
        found.at_home = Some(wanted.table.table.clone());
    }
    found
}

/// Names the accounts with whose rights triggers cannot run; those of the models
/// are replaced.
fn orphans(ours: &Ours) -> Findings {
    let mut findings = Findings::default();
    for (trigger, definer) in &ours.orphans {
        findings.noticed.push(Problem {
            model: "handleref".into(),
            table: trigger.clone(),
            column: None,
            kind: ProblemKind::LostDefiner {
                definer: definer.clone(),
            },
        });
    }
    findings
}

/// What public methods call gives a box, or it would be compiled in their users' crates.
pub(super) fn plan<'a>(
    conn: &'a mut dyn Session,
    goal: Goal<'a>,
) -> Boxed<'a, Result<Plan, Error>> {
    Box::pin(make_plan(conn, goal))
}

/// As [`plan`].
pub(super) fn install<'a>(
    conn: &'a mut dyn Session,
    goal: Goal<'a>,
) -> Boxed<'a, Result<Plan, Error>> {
    Box::pin(apply_anew(conn, goal))
}

async fn make_plan(conn: &mut dyn Session, goal: Goal<'_>) -> Result<Plan, Error> {
    Ok(Plan::new(conn.kind(), compare(conn, goal).await?))
}

async fn apply_anew(conn: &mut dyn Session, goal: Goal<'_>) -> Result<Plan, Error> {
    // The usual case at a program's start; it waits for no lock.
    let plan = make_plan(conn, goal).await?;
    plan.refuse_problems()?;
    if plan.is_empty() {
        return Ok(plan);
    }
    if conn.kind() == Kind::Mysql {
        // Best effort: not every cluster has named locks.
        let _ = conn.first::<Vec<Option<i64>>>(Sql::new(MYSQL_LOCK)).await;
        let result = apply(conn, goal).await;
        if result.is_err() {
            // A statement between these two has failed.
            let _ = conn.batch(&"UNLOCK TABLES".into()).await;
        }
        let _ = conn.first::<Vec<Option<i64>>>(Sql::new(MYSQL_UNLOCK)).await;
        return result;
    }
    let mut transaction = Transaction::begin(conn).await?;
    let result = lock_and_apply(transaction.conn(), goal, &plan).await;
    transaction.finish(result).await
}

const MYSQL_LOCK: &str = "SELECT GET_LOCK('handleref schema', 300)";
const MYSQL_UNLOCK: &str = "SELECT RELEASE_LOCK('handleref schema')";

async fn lock_and_apply(
    conn: &mut dyn Session,
    goal: Goal<'_>,
    first: &Plan,
) -> Result<Plan, Error> {
    if conn.kind() == Kind::Postgres {
        conn.batch(
            &"SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('handleref schema'))"
                .into(),
        )
        .await?;
        return apply(conn, goal).await;
    }
    if let Some(wanted) = goal.tables.first() {
        // Takes the write lock before anything is read, so that no one writes
        // in between. If the table is missing, the plan says so.
        let dialect = dialect(conn.kind());
        let schema = wanted.table.schema.as_deref().unwrap_or("main");
        let table = format!(
            "{}.{}",
            dialect.quote(schema),
            dialect.quote(&wanted.table.table)
        );
        let _ = conn
            .batch(&Raw::of_plan(format!("DELETE FROM {table} WHERE 0")))
            .await;
    }
    // Inside a transaction it cannot be found any more that these are stuck.
    for off in first.up().iter().filter(|sql| sql.ends_with(ALL_OFF)) {
        conn.batch(&Raw::of_plan(off.clone())).await?;
    }
    let applied = apply(conn, goal).await;
    if applied.is_err() {
        // A rollback takes back the schema, but not this switch.
        let _ = conn.batch(&"PRAGMA writable_schema = OFF".into()).await;
    }
    applied
}

/// Plans again, now that no other session installs, and applies that.
async fn apply(conn: &mut dyn Session, goal: Goal<'_>) -> Result<Plan, Error> {
    let plan = make_plan(conn, goal).await?;
    apply_plan(conn, &plan).await?;
    if plan.trusts_in_empty_tables() && has_unfilled(conn, goal.tables, plan.home()).await? {
        // Rows were inserted between the question and the triggers.
        let again = make_plan(conn, goal).await?;
        apply_plan(conn, &again).await?;
    }
    Ok(plan)
}

async fn apply_plan(conn: &mut dyn Session, plan: &Plan) -> Result<(), Error> {
    plan.refuse_problems()?;
    for statement in plan.up() {
        let sql = Raw::of_plan(statement.clone());
        if !statement.starts_with(LOCK_TABLES) {
            conn.batch(&sql).await?;
        } else if let Err(error) = conn.raw(&sql).await {
            // The triggers name a table that does not exist. Then no writer can
            // write to it, either.
            if !was(conn, &[NO_SUCH_TABLE]).await {
                return Err(error.into());
            }
        }
    }
    Ok(())
}

/// Whether one of the tables has rows without a record, as far as our own tables say.
async fn has_unfilled(
    conn: &mut dyn Session,
    tables: &[Wanted],
    home: &str,
) -> Result<bool, Error> {
    let dialect = dialect(conn.kind());
    let listed = tables.iter().filter_map(|wanted| {
        let records = wanted.recording?.records;
        Some(dialect.text(&wanted.sibling(records).shown()))
    });
    let listed: Vec<String> = listed.collect();
    let prefix = match conn.kind() {
        Kind::Sqlite => tables.first().and_then(|it| it.table.schema.as_deref()),
        Kind::Postgres => Some(home),
        Kind::Mysql => None,
    };
    let sql = format!(
        "SELECT COUNT(*) FROM {} WHERE backfilled = 0 AND record_table IN ({})",
        dialect.qualified(prefix, RECORDINGS),
        listed.join(", ")
    );
    Ok(conn.one::<(bool,)>(Sql::once(Raw::of_plan(sql))).await?.0)
}
