//! Writing what a plan says.

use super::Plan;
use super::proposed::{from_record, held};
use crate::engine::Kind;
use crate::error::Error;
use crate::facts::{Capture, RECORD_ID, RECORD_VERSION};
use crate::history::any::AnyKey;
use crate::history::fields::Metadata;
use crate::row::Outcome;
use crate::schema::Catalog;
use crate::session::Session;
use crate::sql::{Sql, literal, next_sql, overriding, quoted, raw, rising_sql};

/// The name and the value of what is written with every change.
fn bump<'a>(kind: Kind, facts: &Metadata, mut query: Sql<'a>) -> Sql<'a> {
    let bump = facts
        .model
        .roles
        .bump(kind, facts.name(), |name| quoted(kind, name));
    for (name, value) in bump {
        query = query.sql(", ").name(name).sql(" = ").made(value);
    }
    query
}

/// A column that is written, and the SQL of its value.
type Assignment<'a> = (&'static str, Sql<'a>);

/// On MySQL and MariaDB a statement that reads the record table cannot write
/// the table, whose trigger writes the record table (error 1442). The values
/// go through this temporary table there.
pub(super) const BETWEEN: &str = "handleref_revert";

/// Puts the values into the temporary table, where that is needed, and gives
/// the assignments to use instead.
async fn through_temporary<'a>(
    conn: &mut dyn Session,
    values: Vec<Assignment<'a>>,
    from: Sql<'a>,
) -> Result<Vec<Assignment<'a>>, Error> {
    conn.batch(&"DROP TEMPORARY TABLE IF EXISTS handleref_revert".into())
        .await?;
    let mut create = Sql::new("CREATE TEMPORARY TABLE ")
        .name(BETWEEN)
        .sql(" AS SELECT ");
    let mut assignments = Vec::with_capacity(values.len());
    for (at, (column, value)) in values.into_iter().enumerate() {
        create = create
            .sql(if at > 0 { ", " } else { "" })
            .append(value)
            .made(raw!(" AS handleref_{at}", at));
        let value = Sql::new("").name(BETWEEN).made(raw!(".handleref_{at}", at));
        assignments.push((column, value));
    }
    conn.execute(create.append(from)).await?;
    Ok(assignments)
}

/// Writes what the plan says, and `literals` (null or a text, which the
/// database converts) beside it.
pub(crate) async fn update(
    conn: &mut dyn Session,
    catalog: &mut Catalog,
    key: &AnyKey,
    plan: &Plan,
    literals: &[(&'static str, Option<String>)],
) -> Result<Outcome, Error> {
    let (kind, facts) = (conn.kind(), &plan.facts);
    let table = catalog.table(conn, facts.table()).await?;
    let differs = |column: &str| plan.changes.iter().any(|one| one.column == column);
    let mut values: Vec<Assignment<'_>> = plan
        .sources
        .iter()
        .filter(|source| differs(source.column) && !has(&table.computed, source.column))
        .map(|source| {
            let value = from_record(kind, facts, source.column, source.record);
            (source.column, value)
        })
        .collect();
    if values.is_empty() && literals.is_empty() {
        // Only what the database computes differs.
        return Ok(Outcome::Unchanged);
    }
    let mut query = Sql::new("UPDATE ").name(facts.table());
    if kind == Kind::Mysql && !values.is_empty() {
        values = through_temporary(conn, values, Sql::new("")).await?;
        query = query.sql(", ").name(BETWEEN);
    }
    values.extend(literals.iter().map(|(column, text)| {
        let text = text.as_deref();
        let literal = text.map_or("NULL".into(), |text| literal(kind, text));
        (*column, Sql::new("").once_made(literal))
    }));
    query = query.sql(" SET ");
    for (at, (column, value)) in values.into_iter().enumerate() {
        query = query
            .sql(if at > 0 { ", " } else { "" })
            .name(column)
            .sql(" = ")
            .append(value);
    }
    query = bump(kind, facts, query)
        .sql(" WHERE ")
        .typed(&key.condition);
    if let (Some(version), Some((column, _))) = (plan.version, facts.model.roles.version) {
        query = query.sql(" AND ").name(column).sql(" = ").bind(version);
    }
    let written = conn.execute(query).await?;
    forget_temporary(conn).await?;
    match written {
        0 => Err(facts.gone(key)),
        _ => Ok(Outcome::Written),
    }
}

pub(super) async fn forget_temporary(conn: &mut dyn Session) -> Result<(), Error> {
    if conn.kind() == Kind::Mysql {
        conn.batch(&"DROP TEMPORARY TABLE IF EXISTS handleref_revert".into())
            .await?;
    }
    Ok(())
}

fn has(columns: &[String], column: &str) -> bool {
    columns.iter().any(|name| name == column)
}

/// Inserts a row that is gone, as the plan says.
pub(crate) async fn insert(
    conn: &mut dyn Session,
    catalog: &mut Catalog,
    key: &AnyKey,
    plan: &Plan,
) -> Result<(), Error> {
    let (kind, facts) = (conn.kind(), &plan.facts);
    let table = catalog.table(conn, facts.table()).await?;
    let columns = facts.model.recording.columns.iter();
    let kept = columns
        .filter(|column| column.capture == Capture::Value && !has(&table.generated, column.name));
    let mut values: Vec<Assignment<'_>> = kept
        .map(|column| (column.name, inserted(kind, plan, column.name)))
        .collect();
    // Its last record, which says what is not reverted.
    let mut from = Sql::new(" FROM ")
        .name(facts.records())
        .sql(" handleref_l WHERE ")
        .typed(&key.condition)
        .sql(" ORDER BY ")
        .name(RECORD_ID)
        .sql(" DESC LIMIT 1");
    if kind == Kind::Mysql {
        values = through_temporary(conn, values, from).await?;
        from = Sql::new(" FROM ").name(BETWEEN);
    }
    let columns: Vec<&'static str> = values.iter().map(|(column, _)| *column).collect();
    let mut query = Sql::new("INSERT INTO ")
        .name(facts.table())
        .sql(" (")
        .names("", &columns)
        .sql(") ")
        .sql(overriding(kind))
        .sql("SELECT ");
    for (at, (_, value)) in values.into_iter().enumerate() {
        query = query.sql(if at > 0 { ", " } else { "" }).append(value);
    }
    conn.execute(query.append(from)).await?;
    forget_temporary(conn).await
}

/// The value of a column of a row that is inserted again.
fn inserted<'a>(kind: Kind, plan: &Plan, column: &'static str) -> Sql<'a> {
    let (facts, roles) = (&plan.facts, plan.facts.model.roles);
    if let Some(source) = plan.sources.iter().find(|source| source.column == column) {
        return from_record(kind, facts, column, source.record);
    }
    if let Some((_, bits)) = roles.version.filter(|(name, _)| *name == column) {
        let last = raw!("handleref_l.{RECORD_VERSION}", RECORD_VERSION);
        return Sql::new("").made(next_sql(kind, &last, bits, facts.name()));
    }
    match roles.updated_at.filter(|(name, _)| *name == column) {
        Some((name, time)) => {
            let last = raw!("handleref_l.{}", [quoted(kind, name)]);
            Sql::new("").made(rising_sql(kind, time, &last))
        }
        None => Sql::new("").made(held(kind, facts, column, "handleref_l.")),
    }
}
