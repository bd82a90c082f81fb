//! Rows that are written together: they are known by numbers of their records,
//! which have their keys.

use super::proposed::held;
use super::write::{BETWEEN, forget_temporary};
use crate::any::{AnyInstance, AnyModel, Metadata};
use crate::engine::Kind;
use crate::error::Error;
use crate::facts::{RECORD_ID, RECORD_OPERATION};
use crate::session::Session;
use crate::sql::{Raw, Sql, quoted, raw, same_key};
use std::collections::HashMap;
use std::sync::Arc;

/// The alias of the records, or of what was taken from them.
const FROM: &str = "handleref_r";

/// On MySQL and MariaDB what is read here is locked, and so is a whole index where
/// the engine prefers it in a small table.
const BY_NUMBER: &str = "FORCE INDEX (PRIMARY)";

/// ` WHERE <key> IN (<the keys in these records>)`
fn keys_in<'a>(kind: Kind, facts: &Metadata, records: &[i64]) -> Sql<'a> {
    let keys = facts.key().iter().map(|name| quoted(kind, name));
    let keys = Raw::join(keys, ", ");
    Sql::once(raw!(
        " WHERE ({keys}) IN (SELECT {keys} FROM {} WHERE {RECORD_ID} IN ({}))",
        [
            quoted(kind, facts.records()),
            Raw::numbers(records.iter().copied())
        ],
        keys,
        RECORD_ID
    ))
}

/// The rows that are there, by their keys, and locked.
pub(crate) async fn rows_of(
    conn: &mut dyn Session,
    model: &dyn AnyModel,
    records: &[i64],
) -> Result<HashMap<String, Arc<dyn AnyInstance>>, Error> {
    let (kind, facts) = (conn.kind(), model.facts());
    let from = match kind {
        Kind::Sqlite | Kind::Postgres => facts.from_table().append(keys_in(kind, &facts, records)),
        // What is read is locked: the keys first, and then these rows.
        Kind::Mysql => {
            let keys = facts.key().iter().map(|name| quoted(kind, name));
            let table = quoted(kind, facts.table());
            Sql::once(raw!(
                " FROM (SELECT DISTINCT {} FROM {} {BY_NUMBER} WHERE {RECORD_ID} IN ({})) AS {FROM} STRAIGHT_JOIN {table} ON {}",
                [
                    Raw::join(keys, ", "),
                    quoted(kind, facts.records()),
                    Raw::numbers(records.iter().copied()),
                    same_key(kind, facts.key(), FROM, &table)
                ],
                BY_NUMBER,
                RECORD_ID,
                FROM,
                table
            ))
        }
    };
    let rows = model.rows(conn, from.lock()).await?;
    Ok(rows.into_iter().map(|row| (row.key(), row)).collect())
}

/// Whether one of these rows has a record since `first` that may tell of an erasure.
pub(crate) async fn any_erased(
    conn: &mut dyn Session,
    facts: &Metadata,
    records: &[i64],
    first: i64,
) -> Result<bool, Error> {
    let count = Sql::new("SELECT COUNT(*) FROM ").name(facts.records());
    let count = count
        .append(keys_in(conn.kind(), facts, records))
        .made(raw!(
            " AND {RECORD_OPERATION} IN ('erase', 'delete') AND {RECORD_ID} >= {first}",
            RECORD_OPERATION,
            RECORD_ID,
            first
        ));
    Ok(conn.one::<(bool,)>(count).await?.0)
}

/// Where what is written comes from: the records, or what was taken from them.
/// On MySQL and MariaDB the trigger writes the record table, which the statement
/// must not read then.
async fn source(
    conn: &mut dyn Session,
    facts: &Metadata,
    columns: &[&'static str],
    records: &[i64],
) -> Result<(Raw, Vec<Raw>), Error> {
    let kind = conn.kind();
    let table = quoted(kind, facts.records());
    let numbers = Raw::numbers(records.iter().copied());
    let values = columns
        .iter()
        .map(|column| held(kind, facts, column, "handleref_r."));
    if kind != Kind::Mysql {
        return Ok((table, values.collect()));
    }
    let keys = facts.key().iter().map(|name| quoted(kind, name));
    let named = values
        .enumerate()
        .map(|(at, value)| raw!("{value} AS handleref_{at}", value, at));
    let taken = Raw::join(keys.chain(named), ", ");
    let drop = raw!("DROP TEMPORARY TABLE IF EXISTS {BETWEEN}", BETWEEN);
    conn.batch(&drop).await?;
    conn.execute(Sql::once(raw!(
        "CREATE TEMPORARY TABLE {BETWEEN} AS SELECT {taken} FROM {table} AS {FROM} {BY_NUMBER} WHERE {RECORD_ID} IN ({numbers})",
        BETWEEN,
        taken,
        table,
        FROM,
        BY_NUMBER,
        RECORD_ID,
        numbers
    )))
    .await?;
    let values = (0..columns.len()).map(|at| raw!("{FROM}.handleref_{at}", FROM, at));
    Ok((BETWEEN.into(), values.collect()))
}

/// Gives columns of rows the values that these records have. Says how many rows
/// were written.
pub(crate) async fn update_rows(
    conn: &mut dyn Session,
    facts: &Metadata,
    columns: &[&'static str],
    records: &[i64],
) -> Result<usize, Error> {
    let kind = conn.kind();
    let (from, values) = source(conn, facts, columns, records).await?;
    let table = quoted(kind, facts.table());
    let roles = facts.model.roles;
    let bump = roles.bump(kind, facts.name(), |name| {
        raw!("{table}.{}", [quoted(kind, name)], table)
    });
    let values = columns.iter().copied().zip(values).chain(bump);
    let sets = values.map(|(name, value)| raw!("{} = {value}", [quoted(kind, name)], value));
    let same = same_key(kind, facts.key(), &table, FROM);
    let sql = match kind {
        // Names of the columns that are set cannot be qualified.
        Kind::Sqlite | Kind::Postgres => raw!(
            "UPDATE {table} SET {} FROM {from} AS {FROM} WHERE {FROM}.{RECORD_ID} IN ({}) AND {same}",
            [Raw::join(sets, ", "), Raw::numbers(records.iter().copied())],
            table,
            from,
            FROM,
            RECORD_ID,
            same
        ),
        Kind::Mysql => {
            let sets = sets.map(|set| raw!("{table}.{set}", table, set));
            raw!(
                "UPDATE {from} AS {FROM} STRAIGHT_JOIN {table} ON {same} SET {}",
                [Raw::join(sets, ", ")],
                from,
                FROM,
                table,
                same
            )
        }
    };
    let written = conn.execute(Sql::once(sql)).await?;
    forget_temporary(conn).await?;
    Ok(written)
}

/// Deletes the rows whose keys are in these records. Says how many there were.
pub(crate) async fn delete_rows(
    conn: &mut dyn Session,
    facts: &Metadata,
    records: &[i64],
) -> Result<usize, Error> {
    let kind = conn.kind();
    if kind != Kind::Mysql {
        let delete = Sql::new("DELETE FROM ").name(facts.table());
        return Ok(conn
            .execute(delete.append(keys_in(kind, facts, records)))
            .await?);
    }
    let (from, _) = source(conn, facts, &[], records).await?;
    let table = quoted(kind, facts.table());
    let same = same_key(kind, facts.key(), &table, FROM);
    let delete = raw!(
        "DELETE {table} FROM {from} AS {FROM} STRAIGHT_JOIN {table} ON {same}",
        table,
        from,
        FROM,
        same
    );
    let deleted = conn.execute(Sql::once(delete)).await?;
    forget_temporary(conn).await?;
    Ok(deleted)
}
