//! Finding what history does not know. It goes into a temporary table: a row
//! for each record that is missing.
//!
//! (On MySQL and MariaDB a statement that reads the record table could not
//! write the table, whose triggers name the record table.)

use super::place::Keys;
use crate::engine::Kind;
use crate::error::Error;
use crate::facts::{RECORD_CHANGESET, RECORD_ID, RECORD_OPERATION, RECORD_VERSION, RecordedColumn};
use crate::model::lives_sql;
use crate::schema::RecordedTable;
use crate::session::Session;
use crate::sql::{Raw, Splice, Sql, as_text, differs, integer, quoted, raw};

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
pub(super) fn is_meant(kind: Kind, facts: &RecordedTable, alias: impl Splice) -> Raw {
    let same = |(at, name): (usize, &&str)| {
        let (name, equals) = (quoted(kind, name), equals(kind));
        raw!(
            "{alias}.{name} {equals} handleref_s.handleref_{at}",
            alias,
            name,
            equals,
            at
        )
    };
    let same: Vec<_> = facts.key.iter().enumerate().map(same).collect();
    Raw::join(same, " AND ")
}

/// The key's columns of `alias`.
fn key(kind: Kind, facts: &RecordedTable, alias: &'static str) -> Raw {
    let columns = facts.key.iter();
    let columns = columns.map(|name| raw!("{alias}{}", [quoted(kind, name)], alias));
    Raw::join(columns, ", ")
}

pub(super) async fn find(
    conn: &mut dyn Session,
    facts: &RecordedTable,
    keys: Keys<'_>,
    deletions_only: bool,
) -> Result<Found, Error> {
    let kind = conn.kind();
    for sql in create_sql(kind, facts) {
        conn.batch(&sql).await?;
    }
    // First, so that their records come first: a row may have what was unique
    // to one that is gone.
    conn.execute(gone_sql(kind, facts, keys)).await?;
    if kind == Kind::Mysql {
        forget_recorded(conn, facts).await?;
    }
    if !deletions_only {
        conn.execute(live_sql(kind, facts, keys)).await?;
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
    let sql = raw!(
        "SELECT handleref_s.handleref_no FROM {} handleref_s JOIN {} handleref_l \
         ON {} AND handleref_l.{RECORD_ID} > handleref_s.handleref_last",
        [
            between(Kind::Mysql),
            facts.records(Kind::Mysql),
            is_meant(Kind::Mysql, facts, "handleref_l")
        ],
        RECORD_ID
    );
    let recorded: Vec<(i64,)> = conn.rows(Sql::once(sql)).await?;
    if !recorded.is_empty() {
        let numbers = Raw::numbers(recorded.into_iter().map(|(no,)| no));
        let table = between(Kind::Mysql);
        conn.batch(&raw!(
            "DELETE FROM {table} WHERE handleref_no IN ({numbers})",
            table,
            numbers
        ))
        .await?;
    }
    Ok(())
}

/// The key of one of the rows that were found, as text.
pub(super) async fn example(
    conn: &mut dyn Session,
    facts: &RecordedTable,
) -> Result<Option<String>, Error> {
    let kind = conn.kind();
    let columns = (0..facts.key.len()).map(|at| as_text(kind, raw!("handleref_{at}", at)));
    let columns: Vec<Raw> = columns.collect();
    let sql = raw!(
        "SELECT {} FROM {} ORDER BY handleref_0 LIMIT 1",
        [Raw::join(columns, ", "), between(kind)]
    );
    let found: Option<Vec<Option<String>>> = conn.first(Sql::once(sql)).await?;
    let texts = found.map(|key| key.into_iter().map(Option::unwrap_or_default));
    Ok(texts.map(|texts| texts.collect::<Vec<_>>().join(",")))
}

pub(super) async fn forget(conn: &mut dyn Session) -> Result<(), Error> {
    let kind = conn.kind();
    let temporary = if kind == Kind::Mysql {
        "TEMPORARY "
    } else {
        ""
    };
    let sql = raw!("DROP {temporary}TABLE {}", [between(kind)], temporary);
    Ok(conn.batch(&sql).await?)
}

/// The columns of the temporary table have the types of the record table's.
fn create_sql(kind: Kind, facts: &RecordedTable) -> Vec<Raw> {
    let keys = facts.key.iter().enumerate();
    let keys: Raw = keys
        .map(|(at, name)| raw!("{} AS handleref_{at}, ", [quoted(kind, name)], at))
        .collect();
    // Some servers want a primary key of every table.
    let (options, mut statements) = match kind {
        Kind::Mysql => (
            " (handleref_no BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY) ENGINE = InnoDB",
            // Of a scan that failed: it survives a rollback.
            vec![Raw::from("DROP TEMPORARY TABLE IF EXISTS handleref_scan")],
        ),
        Kind::Sqlite | Kind::Postgres => ("", Vec::new()),
    };
    statements.push(raw!(
        "CREATE TEMPORARY TABLE handleref_scan{options} AS SELECT {keys}{RECORD_VERSION} AS handleref_version, \
         {RECORD_VERSION} AS handleref_raised, {RECORD_OPERATION} AS handleref_operation, \
         {RECORD_CHANGESET} AS handleref_last FROM {} WHERE 1 = 0",
        [facts.records(kind)],
        options,
        keys,
        RECORD_VERSION,
        RECORD_OPERATION,
        RECORD_CHANGESET
    ));
    statements
}

/// `INSERT INTO <temporary table> (..) `
fn insert(kind: Kind, facts: &RecordedTable) -> Sql<'static> {
    let keys: Raw = (0..facts.key.len())
        .map(|at| raw!("handleref_{at}, ", at))
        .collect();
    Sql::new("INSERT INTO ").made(raw!(
        "{} ({keys}handleref_version, handleref_raised, handleref_operation, handleref_last) ",
        [between(kind)],
        keys
    ))
}

/// The number of the last record of each key.
fn last<'a>(kind: Kind, facts: &RecordedTable, keys: Keys<'a>) -> Sql<'a> {
    let columns = facts.key.iter().enumerate();
    let columns: Raw = columns
        .map(|(at, name)| raw!("{} AS handleref_{at}, ", [quoted(kind, name)], at))
        .collect();
    let sql = Sql::new("(SELECT ").made(raw!(
        "{columns}MAX({RECORD_ID}) AS handleref_id FROM {} WHERE 1 = 1",
        [facts.records(kind)],
        columns,
        RECORD_ID
    ));
    let group = raw!(" GROUP BY {}) handleref_m", [key(kind, facts, "")]);
    keys.continued(sql).made(group)
}

/// Keys whose last record is no `delete`, and that have no row.
fn gone_sql<'a>(kind: Kind, facts: &RecordedTable, keys: Keys<'a>) -> Sql<'a> {
    // The transaction may be one that locks no gaps; then a writer that is about to
    // insert such a row waits, or is waited for.
    let lock = match kind {
        Kind::Mysql => " FOR UPDATE",
        Kind::Sqlite | Kind::Postgres => "",
    };
    let same = facts.key.iter().map(|name| {
        let (name, equals) = (quoted(kind, name), equals(kind));
        raw!(
            "handleref_t.{name} {equals} handleref_l.{name}",
            name,
            equals
        )
    });
    let same: Vec<_> = same.collect();
    insert(kind, facts)
        .made(raw!(
            "SELECT {}, handleref_l.{RECORD_VERSION} + 1, 0, 'delete', handleref_l.{RECORD_ID} FROM ",
            [key(kind, facts, "handleref_l.")], RECORD_VERSION, RECORD_ID
        ))
        .append(last(kind, facts, keys))
        .made(raw!(" JOIN {} handleref_l ON handleref_l.{RECORD_ID} = handleref_m.handleref_id \
             WHERE handleref_l.{RECORD_OPERATION} <> 'delete' \
             AND NOT EXISTS (SELECT 1 FROM {} handleref_t WHERE {}{lock}){lock}", [facts.records(kind),
            facts.table(kind),
            Raw::join(same, " AND ")], RECORD_ID, RECORD_OPERATION, lock))
}

/// Rows that are not as their last record says.
fn live_sql<'a>(kind: Kind, facts: &RecordedTable, keys: Keys<'a>) -> Sql<'a> {
    let last_version = raw!("COALESCE(handleref_l.{RECORD_VERSION}, 0)", RECORD_VERSION);
    let unknown = raw!(
        "handleref_l.{RECORD_ID} IS NULL OR handleref_l.{RECORD_OPERATION} = 'delete'",
        RECORD_ID,
        RECORD_OPERATION
    );
    let mut differs: Vec<_> = facts.compared().map(|it| changed(kind, it)).collect();
    let (version, raised) = match facts.version() {
        Some(version) => {
            let own = raw!("handleref_t.{}", [quoted(kind, version)]);
            // An older row than history knows.
            differs.push(raw!(
                "{own} < handleref_l.{RECORD_VERSION}",
                own,
                RECORD_VERSION
            ));
            let greater = raw!("CASE WHEN {own} > {last_version} THEN", own, last_version);
            (
                raw!(
                    "{greater} {own} ELSE {last_version} + 1 END",
                    greater,
                    own,
                    last_version
                ),
                raw!("{greater} 0 ELSE 1 END", greater),
            )
        }
        None => (raw!("{last_version} + 1", last_version), "0".into()),
    };
    let changed = match facts.tells_life() {
        true => {
            let now = lives_sql(kind, facts.roles, "handleref_t.");
            let then = lives_sql(kind, facts.roles, "handleref_l.");
            raw!(
                "WHEN ({now}) = ({then}) THEN 'update' WHEN {now} THEN 'restore' ELSE 'soft_delete'",
                now,
                then
            )
        }
        false => "ELSE 'update'".into(),
    };
    let same = facts.key.iter().enumerate().map(|(at, name)| {
        let (name, equals) = (quoted(kind, name), equals(kind));
        raw!(
            "handleref_t.{name} {equals} handleref_m.handleref_{at}",
            name,
            equals,
            at
        )
    });
    let same: Vec<_> = same.collect();
    let only = facts.recording.condition;
    // The condition is about the table by its name, and about no other.
    let sql = insert(kind, facts).made(raw!(
        "SELECT {}, {version}, {raised}, CASE WHEN {unknown} THEN 'insert' {changed} END, \
             handleref_l.{RECORD_ID} FROM (SELECT * FROM {} WHERE 1 = 1",
        [key(kind, facts, "handleref_t."), facts.table(kind)],
        version,
        raised,
        unknown,
        changed,
        RECORD_ID
    ));
    keys.continued(sql)
        .made(only.map_or_else(Raw::default, |only| raw!(" AND (\n{only}\n)", only)))
        .sql(") handleref_t LEFT JOIN ")
        .append(last(kind, facts, keys))
        .made(raw!(
            " ON {} LEFT JOIN {} handleref_l ON handleref_l.{RECORD_ID} = handleref_m.handleref_id WHERE \
             {unknown} OR {}",
            [Raw::join(same, " AND "), facts.records(kind), Raw::join(differs, " OR ")], RECORD_ID, unknown
        ))
}

/// Whether a column is not as its record says, byte by byte.
fn changed(kind: Kind, column: &RecordedColumn) -> Raw {
    let name = quoted(kind, column.name);
    let (now, then) = (
        raw!("handleref_t.{name}", name),
        raw!("handleref_l.{name}", name),
    );
    // The record table may have another type.
    let same_type = column.sql_type.is_none();
    match kind {
        _ if same_type => differs(kind, &now, &then),
        Kind::Sqlite => differs(kind, &now, &then),
        Kind::Postgres => differs(kind, column.as_recorded(kind, now), &then),
        Kind::Mysql => {
            let bytes = |value: Raw| raw!("CAST(CONVERT({value} USING utf8mb4) AS BINARY)", value);
            raw!("NOT ({} <=> {})", [bytes(now), bytes(then)])
        }
    }
}
