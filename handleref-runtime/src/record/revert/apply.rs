//! Applying the plan.

use super::super::model::{LiveName, Recall, Recorded};
use super::super::query::{KeyIs, Loaded};
use super::super::value::{Fields, Json};
use super::make::make;
use super::proposed::{from_record, held};
use super::{Revert, RevertPlan};
use crate::engine::{Engine, Kind};
use crate::error::Error;
use crate::facts::{Capture, RECORD_ID, RECORD_VERSION};
use crate::key::Key;
use crate::last_version::next_sql;
use crate::row::Outcome;
use crate::schema::Catalog;
use crate::session::{Session, Transaction};
use crate::sql::{Sql, literal, quoted};
use crate::time::rising_sql;

/// Applies a plan in a transaction, in which it is made again first.
pub(in super::super) async fn apply<M, DB>(
    conn: &mut dyn Session,
    plan: &RevertPlan<M>,
) -> Result<Outcome, Error>
where
    DB: Engine,
    M: Recall<DB> + Loaded<DB> + Fields<Json>,
{
    let mut transaction = Transaction::begin(conn).await?;
    let result = inside(transaction.conn(), plan).await;
    transaction.finish(result).await
}

async fn inside<M, DB>(conn: &mut dyn Session, plan: &RevertPlan<M>) -> Result<Outcome, Error>
where
    DB: Engine,
    M: Recall<DB> + Loaded<DB> + Fields<Json>,
{
    if DB::KIND == Kind::Sqlite {
        // Takes the write lock before anything is read.
        let nothing = Sql::new("DELETE FROM ").name(M::LiveTable::SQL_NAME);
        conn.execute(nothing.sql(" WHERE 1 = 0")).await?;
    }
    let mut catalog = Catalog::default();
    let now = make::<M, DB>(conn, &mut catalog, &plan.row, plan.want.clone(), true).await?;
    match (plan.version, now.version) {
        (Some(expected), Some(found)) if expected != found => {
            return Err(Error::Stale {
                model: M::RECORDED_NAME,
                key: plan.row.text(),
                expected,
                found,
            });
        }
        _ if plan.reinsert != now.reinsert => return Err(moved(plan)),
        _ => {}
    }
    now.refuse_blockers()?;
    if now.reinsert {
        insert(conn, &mut catalog, &now).await?;
        return Ok(Outcome::Written);
    }
    if now.changes.is_empty() {
        return Ok(Outcome::Unchanged);
    }
    update(conn, &mut catalog, &now, &[]).await
}

/// The row was deleted, or inserted again, since the plan was made.
fn moved<M: Recorded>(plan: &RevertPlan<M>) -> Error {
    let (model, key) = (M::RECORDED_NAME, plan.row.text());
    match plan.version {
        _ if !plan.reinsert => Error::Gone { model, key },
        version => Error::Stale {
            model,
            key,
            expected: version.unwrap_or_default(),
            found: version.unwrap_or_default(),
        },
    }
}

/// The name and the value of what is written with every change.
fn bump<'a, M: Recorded, DB: Engine>(mut query: Sql<'a>, mut comma: bool) -> Sql<'a> {
    let roles = M::RECORDED_ROLES;
    if let Some((version, bits)) = roles.version {
        let table = M::RECORDED_NAME;
        let held = quoted(DB::KIND, version);
        query = query
            .made(if comma { ", " } else { "" })
            .name(version)
            .sql(" = ")
            .made(next_sql(DB::KIND, &held, bits, table));
        comma = true;
    }
    if let Some((updated_at, kind)) = roles.updated_at {
        query = query
            .made(if comma { ", " } else { "" })
            .name(updated_at)
            .sql(" = ")
            .made(rising_sql(DB::KIND, kind, &quoted(DB::KIND, updated_at)));
    }
    query
}

/// A column that is written, and the SQL of its value.
type Assignment<'a> = (&'static str, Sql<'a>);

/// On MySQL and MariaDB a statement that reads the record table cannot write
/// the table, whose trigger writes the record table (error 1442). The values
/// go through this temporary table there.
const BETWEEN: &str = "handleref_revert";

/// Puts the values into the temporary table, where that is needed, and gives
/// the assignments to use instead.
async fn through_temporary<'a>(
    conn: &mut dyn Session,
    values: Vec<Assignment<'a>>,
    from: Sql<'a>,
) -> Result<Vec<Assignment<'a>>, Error> {
    conn.batch("DROP TEMPORARY TABLE IF EXISTS handleref_revert")
        .await?;
    let mut create = Sql::new("CREATE TEMPORARY TABLE ")
        .name(BETWEEN)
        .sql(" AS SELECT ");
    let mut assignments = Vec::with_capacity(values.len());
    for (at, (column, value)) in values.into_iter().enumerate() {
        create = create
            .sql(if at > 0 { ", " } else { "" })
            .append(value)
            .made(format!(" AS handleref_{at}"));
        let value = Sql::new("").name(BETWEEN).made(format!(".handleref_{at}"));
        assignments.push((column, value));
    }
    conn.execute(create.append(from)).await?;
    Ok(assignments)
}

/// Writes what the plan says, and `literals` (null or a text, which the
/// database converts) beside it.
pub(crate) async fn update<M, DB>(
    conn: &mut dyn Session,
    catalog: &mut Catalog,
    plan: &RevertPlan<M>,
    literals: &[(&'static str, Option<String>)],
) -> Result<Outcome, Error>
where
    DB: Engine,
    M: Recall<DB>,
{
    let key = KeyIs::<M, DB>::new(&plan.row);
    let table = catalog.table(conn, M::LiveTable::SQL_NAME).await?;
    let differs = |column: &str| plan.changes.iter().any(|one| one.column == column);
    let mut values: Vec<Assignment<'_>> = plan
        .sources
        .iter()
        .filter(|source| differs(source.column) && !has(&table.computed, source.column))
        .map(|source| {
            let value = from_record::<M, DB>(source.column, source.record);
            (source.column, value)
        })
        .collect();
    if values.is_empty() && literals.is_empty() {
        // Only what the database computes differs.
        return Ok(Outcome::Unchanged);
    }
    let mut query = Sql::new("UPDATE ").name(M::LiveTable::SQL_NAME);
    if DB::KIND == Kind::Mysql && !values.is_empty() {
        values = through_temporary(conn, values, Sql::new("")).await?;
        query = query.sql(", ").name(BETWEEN);
    }
    values.extend(literals.iter().map(|(column, text)| {
        let text = text.as_deref();
        let literal = text.map_or("NULL".into(), |text| literal(DB::KIND, text));
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
    query = bump::<M, DB>(query, true).sql(" WHERE ").part::<DB>(&key);
    if let (Some(version), Some((column, _))) = (plan.version, M::RECORDED_ROLES.version) {
        query = query.sql(" AND ").name(column).sql(" = ").bind(version);
    }
    let written = conn.execute(query).await?;
    forget_temporary(conn).await?;
    match written {
        0 => Err(Error::Gone {
            model: M::RECORDED_NAME,
            key: plan.row.text(),
        }),
        _ => Ok(Outcome::Written),
    }
}

async fn forget_temporary(conn: &mut dyn Session) -> Result<(), Error> {
    if conn.kind() == Kind::Mysql {
        conn.batch("DROP TEMPORARY TABLE IF EXISTS handleref_revert")
            .await?;
    }
    Ok(())
}

fn has(columns: &[String], column: &str) -> bool {
    columns.iter().any(|name| name == column)
}

/// Inserts a row that is gone, as the plan says.
pub(crate) async fn insert<M, DB>(
    conn: &mut dyn Session,
    catalog: &mut Catalog,
    plan: &RevertPlan<M>,
) -> Result<(), Error>
where
    DB: Engine,
    M: Recall<DB>,
{
    let key = KeyIs::<M, DB>::new(&plan.row);
    let table = catalog.table(conn, M::LiveTable::SQL_NAME).await?;
    let kept = M::RECORDING
        .columns
        .iter()
        .filter(|column| column.capture == Capture::Value && !has(&table.generated, column.name));
    let mut values: Vec<Assignment<'_>> = kept
        .map(|column| (column.name, inserted::<M, DB>(plan, column.name)))
        .collect();
    // Its last record, which says what is not reverted.
    let mut from = Sql::new(" FROM ")
        .name(M::RECORDING.records)
        .sql(" handleref_l WHERE ")
        .part::<DB>(&key)
        .sql(" ORDER BY ")
        .name(RECORD_ID)
        .sql(" DESC LIMIT 1");
    if DB::KIND == Kind::Mysql {
        values = through_temporary(conn, values, from).await?;
        from = Sql::new(" FROM ").name(BETWEEN);
    }
    let columns: Vec<&'static str> = values.iter().map(|(column, _)| *column).collect();
    let mut query = Sql::new("INSERT INTO ")
        .name(M::LiveTable::SQL_NAME)
        .sql(" (")
        .names("", &columns)
        .made(match DB::KIND {
            Kind::Postgres => ") OVERRIDING SYSTEM VALUE SELECT ",
            _ => ") SELECT ",
        });
    for (at, (_, value)) in values.into_iter().enumerate() {
        query = query.sql(if at > 0 { ", " } else { "" }).append(value);
    }
    conn.execute(query.append(from)).await?;
    forget_temporary(conn).await
}

/// The value of a column of a row that is inserted again.
fn inserted<'a, M, DB>(plan: &RevertPlan<M>, column: &'static str) -> Sql<'a>
where
    DB: Engine,
    M: Recall<DB>,
{
    let roles = M::RECORDED_ROLES;
    if let Some(source) = plan.sources.iter().find(|source| source.column == column) {
        return from_record::<M, DB>(column, source.record);
    }
    if let Some((_, bits)) = roles.version.filter(|(name, _)| *name == column) {
        let last = format!("handleref_l.{RECORD_VERSION}");
        let table = M::RECORDED_NAME;
        return Sql::new("").made(next_sql(DB::KIND, &last, bits, table));
    }
    match roles.updated_at.filter(|(name, _)| *name == column) {
        Some((name, time)) => {
            let kind = DB::KIND;
            let last = format!("handleref_l.{}", quoted(kind, name));
            Sql::new("").made(rising_sql(kind, time, &last))
        }
        None => Sql::new("").made(held::<M, DB>(column, "handleref_l.")),
    }
}

/// Inserts a really deleted row again, as it was last.
pub(in super::super) async fn bring_back<M, DB>(
    conn: &mut dyn Session,
    key: &M::RecordKey,
) -> Result<RevertPlan<M>, Error>
where
    DB: Engine,
    M: Recall<DB> + Loaded<DB> + Fields<Json>,
{
    let condition = KeyIs::<M, DB>::new(key);
    let last = super::make::records::<M, DB>(&condition)
        .sql(" ORDER BY ")
        .name(RECORD_ID)
        .sql(" DESC LIMIT 1");
    let found: Option<(i64, i64)> = conn.first(last).await?;
    let (_, version) = found.ok_or_else(|| Error::Gone {
        model: M::RECORDED_NAME,
        key: key.text(),
    })?;
    make::<M, DB>(
        conn,
        &mut Catalog::default(),
        key,
        Revert::from(version),
        false,
    )
    .await
}
