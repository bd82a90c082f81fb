//! Finding what history does not know. It goes into a temporary table: a row
//! for each record that is missing.
//!
//! (On MySQL and MariaDB a statement that reads the record table could not
//! write the table, whose triggers name the record table.)

use super::place::Keys;
use crate::engine::{Engine, Kind};
use crate::error::Error;
use crate::facts::{RECORD_CHANGESET, RECORD_ID, RECORD_OPERATION, RECORD_VERSION, RecordedColumn};
use crate::history::living::lives_sql;
use crate::schema::RecordedTable;
use crate::session::Session;
use crate::sql::{Sql, differs, integer, quoted};

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Operations, and how many rows.
    pub(super) rows: Vec<(String, i64)>,
    /// How many rows get another version.
    pub(super) raised: i64,
}

impl Found {
    pub(super) fn total(&self) -> i64 {
        self.rows.iter().map(|(_, rows)| rows).sum()
    }

    pub(super) fn deleted(&self) -> i64 {
        let deleted = self.rows.iter().filter(|(what, _)| what == "delete");
        deleted.map(|(_, rows)| rows).sum()
    }
}

/// The temporary table.
pub(super) fn between(kind: Kind) -> &'static str {
    match kind {
        Kind::Sqlite => "temp.handleref_scan",
        Kind::Postgres => "pg_temp.handleref_scan",
        Kind::Mysql => "handleref_scan",
    }
}

/// Null-safe where the triggers are.
fn equals(kind: Kind) -> &'static str {
    match kind {
        // A key may be null there.
        Kind::Sqlite => "IS",
        Kind::Postgres | Kind::Mysql => "=",
    }
}

/// Whether a row of `alias` is the one that the temporary table means.
pub(super) fn is_meant(kind: Kind, facts: &RecordedTable, alias: &str) -> String {
    let same = |(at, name): (usize, &&str)| {
        let (name, equals) = (quoted(kind, name), equals(kind));
        format!("{alias}.{name} {equals} handleref_s.handleref_{at}")
    };
    let same: Vec<_> = facts.key.iter().enumerate().map(same).collect();
    same.join(" AND ")
}

/// The key's columns of `alias`.
fn key(kind: Kind, facts: &RecordedTable, alias: &str) -> String {
    let columns = facts.key.iter();
    let columns = columns.map(|name| format!("{alias}{}", quoted(kind, name)));
    columns.collect::<Vec<_>>().join(", ")
}

pub(super) async fn find<DB: Engine>(
    conn: &mut dyn Session,
    facts: &RecordedTable,
    keys: Keys<'_, DB>,
    deletions_only: bool,
) -> Result<Found, Error> {
    let kind = conn.kind();
    for sql in create_sql(kind, facts) {
        conn.batch(&sql).await?;
    }
    // First, so that their records come first: a row may have what was unique
    // to one that is gone.
    conn.execute(gone_sql(kind, facts, &keys)).await?;
    if kind == Kind::Mysql {
        forget_recorded(conn, facts).await?;
    }
    if !deletions_only {
        conn.execute(live_sql(kind, facts, &keys)).await?;
    }
    let count = Sql::new("SELECT handleref_operation, COUNT(*), CAST(SUM(handleref_raised) AS ")
        .sql(integer(kind))
        .sql(") FROM ")
        .sql(between(kind))
        .sql(" GROUP BY handleref_operation");
    let mut found = Found::default();
    for (operation, rows, raised) in conn.rows::<(String, i64, i64)>(count).await? {
        found.rows.push((operation, rows));
        found.raised += raised;
    }
    Ok(found)
}

/// Keys that were inserted after the rows were locked, and deleted before it
/// was looked whether they are there: their delete has been recorded. No lock
/// keeps a key from being inserted where gaps are not locked.
async fn forget_recorded(conn: &mut dyn Session, facts: &RecordedTable) -> Result<(), Error> {
    let sql = format!(
        "SELECT handleref_s.handleref_no FROM {} handleref_s JOIN {} handleref_l \
         ON {} AND handleref_l.{RECORD_ID} > handleref_s.handleref_last",
        between(Kind::Mysql),
        facts.records(Kind::Mysql),
        is_meant(Kind::Mysql, facts, "handleref_l")
    );
    let recorded: Vec<(i64,)> = conn.rows(Sql::once(sql)).await?;
    let numbers: Vec<String> = recorded.iter().map(|(no,)| no.to_string()).collect();
    if !numbers.is_empty() {
        let numbers = numbers.join(", ");
        let table = between(Kind::Mysql);
        conn.batch(&format!(
            "DELETE FROM {table} WHERE handleref_no IN ({numbers})"
        ))
        .await?;
    }
    Ok(())
}

pub(super) async fn forget(conn: &mut dyn Session) -> Result<(), Error> {
    let kind = conn.kind();
    let temporary = if kind == Kind::Mysql {
        "TEMPORARY "
    } else {
        ""
    };
    let sql = format!("DROP {temporary}TABLE {}", between(kind));
    Ok(conn.batch(&sql).await?)
}

/// The columns of the temporary table have the types of the record table's.
fn create_sql(kind: Kind, facts: &RecordedTable) -> Vec<String> {
    let keys = facts.key.iter().enumerate();
    let keys: String = keys
        .map(|(at, name)| format!("{} AS handleref_{at}, ", quoted(kind, name)))
        .collect();
    // Some servers want a primary key of every table.
    let (options, mut statements) = match kind {
        Kind::Mysql => (
            " (handleref_no BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY) ENGINE = InnoDB",
            // Of a scan that failed: it survives a rollback.
            vec!["DROP TEMPORARY TABLE IF EXISTS handleref_scan".to_owned()],
        ),
        Kind::Sqlite | Kind::Postgres => ("", Vec::new()),
    };
    statements.push(format!(
        "CREATE TEMPORARY TABLE handleref_scan{options} AS SELECT {keys}{RECORD_VERSION} AS handleref_version, \
         {RECORD_VERSION} AS handleref_raised, {RECORD_OPERATION} AS handleref_operation, \
         {RECORD_CHANGESET} AS handleref_last FROM {} WHERE 1 = 0",
        facts.records(kind)
    ));
    statements
}

/// `INSERT INTO <temporary table> (..) `
fn insert(kind: Kind, facts: &RecordedTable) -> Sql<'static> {
    let keys: String = (0..facts.key.len())
        .map(|at| format!("handleref_{at}, "))
        .collect();
    Sql::new("INSERT INTO ").made(format!(
        "{} ({keys}handleref_version, handleref_raised, handleref_operation, handleref_last) ",
        between(kind)
    ))
}

/// The number of the last record of each key.
fn last<'a, DB: Engine>(facts: &RecordedTable, keys: &'a Keys<'a, DB>) -> Sql<'a> {
    let columns = facts.key.iter().enumerate();
    let columns: String = columns
        .map(|(at, name)| format!("{} AS handleref_{at}, ", quoted(DB::KIND, name)))
        .collect();
    Sql::new("(SELECT ")
        .made(format!(
            "{columns}MAX({RECORD_ID}) AS handleref_id FROM {} WHERE 1 = 1",
            facts.records(DB::KIND)
        ))
        .part::<DB>(keys)
        .made(format!(
            " GROUP BY {}) handleref_m",
            key(DB::KIND, facts, "")
        ))
}

/// Keys whose last record is no `delete`, and that have no row.
fn gone_sql<'a, DB: Engine>(kind: Kind, facts: &RecordedTable, keys: &'a Keys<'a, DB>) -> Sql<'a> {
    // The transaction may be one that locks no gaps; then a writer that is about to
    // insert such a row waits, or is waited for.
    let lock = match kind {
        Kind::Mysql => " FOR UPDATE",
        Kind::Sqlite | Kind::Postgres => "",
    };
    let same = facts.key.iter().map(|name| {
        let (name, equals) = (quoted(kind, name), equals(kind));
        format!("handleref_t.{name} {equals} handleref_l.{name}")
    });
    let same: Vec<_> = same.collect();
    insert(kind, facts)
        .made(format!(
            "SELECT {}, handleref_l.{RECORD_VERSION} + 1, 0, 'delete', handleref_l.{RECORD_ID} FROM ",
            key(kind, facts, "handleref_l.")
        ))
        .append(last(facts, keys))
        .made(format!(
            " JOIN {} handleref_l ON handleref_l.{RECORD_ID} = handleref_m.handleref_id \
             WHERE handleref_l.{RECORD_OPERATION} <> 'delete' \
             AND NOT EXISTS (SELECT 1 FROM {} handleref_t WHERE {}{lock}){lock}",
            facts.records(kind),
            facts.table(kind),
            same.join(" AND ")
        ))
}

/// Rows that are not as their last record says.
fn live_sql<'a, DB: Engine>(kind: Kind, facts: &RecordedTable, keys: &'a Keys<'a, DB>) -> Sql<'a> {
    let last_version = format!("COALESCE(handleref_l.{RECORD_VERSION}, 0)");
    let unknown =
        format!("handleref_l.{RECORD_ID} IS NULL OR handleref_l.{RECORD_OPERATION} = 'delete'");
    let mut differs: Vec<_> = facts.compared().map(|it| changed(kind, it)).collect();
    let (version, raised) = match facts.version() {
        Some(version) => {
            let own = format!("handleref_t.{}", quoted(kind, version));
            // An older row than history knows.
            differs.push(format!("{own} < handleref_l.{RECORD_VERSION}"));
            let greater = format!("CASE WHEN {own} > {last_version} THEN");
            (
                format!("{greater} {own} ELSE {last_version} + 1 END"),
                format!("{greater} 0 ELSE 1 END"),
            )
        }
        None => (format!("{last_version} + 1"), "0".into()),
    };
    let changed = match facts.tells_life() {
        true => {
            let now = lives_sql(kind, facts.roles, "handleref_t.");
            let then = lives_sql(kind, facts.roles, "handleref_l.");
            format!(
                "WHEN ({now}) = ({then}) THEN 'update' WHEN {now} THEN 'restore' ELSE 'soft_delete'"
            )
        }
        false => "ELSE 'update'".into(),
    };
    let same = facts.key.iter().enumerate().map(|(at, name)| {
        let (name, equals) = (quoted(kind, name), equals(kind));
        format!("handleref_t.{name} {equals} handleref_m.handleref_{at}")
    });
    let same: Vec<_> = same.collect();
    let only = facts.recording.condition;
    // The condition is about the table by its name, and about no other.
    insert(kind, facts)
        .made(format!(
            "SELECT {}, {version}, {raised}, CASE WHEN {unknown} THEN 'insert' {changed} END, \
             handleref_l.{RECORD_ID} FROM (SELECT * FROM {} WHERE 1 = 1",
            key(kind, facts, "handleref_t."),
            facts.table(kind)
        ))
        .part::<DB>(keys)
        .made(only.map_or_else(String::new, |only| format!(" AND (\n{only}\n)")))
        .sql(") handleref_t LEFT JOIN ")
        .append(last(facts, keys))
        .made(format!(
            " ON {} LEFT JOIN {} handleref_l ON handleref_l.{RECORD_ID} = handleref_m.handleref_id WHERE {unknown} OR {}",
            same.join(" AND "),
            facts.records(kind),
            differs.join(" OR ")
        ))
}

/// Whether a column is not as its record says, byte by byte.
fn changed(kind: Kind, column: &RecordedColumn) -> String {
    let name = quoted(kind, column.name);
    let (now, then) = (format!("handleref_t.{name}"), format!("handleref_l.{name}"));
    // The record table may have another type.
    let same_type = column.sql_type.is_none();
    match kind {
        _ if same_type => differs(kind, &now, &then),
        Kind::Sqlite => differs(kind, &now, &then),
        Kind::Postgres => differs(kind, &column.as_recorded(kind, now), &then),
        Kind::Mysql => {
            let bytes = |value: &str| format!("CAST(CONVERT({value} USING utf8mb4) AS BINARY)");
            format!("NOT ({} <=> {})", bytes(&now), bytes(&then))
        }
    }
}
