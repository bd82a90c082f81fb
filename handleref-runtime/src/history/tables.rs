//! The record tables that there are, by the list in the database.

use crate::context::Home;
use crate::engine::Kind;
use crate::error::Error;
use crate::facts::{RECORD_CHANGESET, RECORD_ID};
use crate::history::ChangesetNo;
use crate::session::Session;
use crate::session::absent::{NO_SUCH_TABLE, was};
use crate::sql::{Raw, Sql, literal, quoted, raw};

/// The names of the record tables, as they are listed: those of `home`, which
/// is where the list is.
pub(crate) async fn record_tables(
    conn: &mut dyn Session,
    home: &Home,
) -> Result<Vec<String>, Error> {
    let list = home.table("handleref_recordings");
    // A table that was dropped by hand stays on the list.
    let there = match conn.kind() {
        Kind::Sqlite => "record_table LIKE '%.%' OR EXISTS (SELECT 1 FROM sqlite_master m \
             WHERE m.type = 'table' AND m.name = record_table COLLATE NOCASE)"
            .into(),
        Kind::Postgres => {
            // Next to the list: the search path may go on to another user's.
            let list = literal(Kind::Postgres, &list);
            raw!(
                "EXISTS (SELECT FROM pg_catalog.pg_class t JOIN pg_catalog.pg_class l ON l.relnamespace = t.relnamespace \
                 WHERE l.oid = {list}::regclass AND t.relname = record_table)",
                list
            )
        }
        Kind::Mysql => {
            let name = home.name();
            let database = name.map_or("DATABASE()".into(), |name| literal(Kind::Mysql, name));
            raw!(
                "record_table LIKE '%.%' OR EXISTS (SELECT 1 FROM information_schema.tables m \
                 WHERE m.table_schema = {database} AND m.table_name = record_table)",
                database
            )
        }
    };
    let sql = raw!(
        "SELECT record_table, CASE WHEN {there} THEN 1 ELSE 0 END FROM {list}",
        there,
        list
    );
    let rows: Vec<(String, bool)> = conn.rows(Sql::once(sql)).await?;
    let mut tables = Vec::with_capacity(rows.len());
    for (name, there) in rows {
        if there || is_hidden(conn, home, &name).await? {
            tables.push(name);
        }
    }
    Ok(tables)
}

/// MySQL's catalogue shows no table on which one has no right. What is in it would
/// be taken as never recorded, so that is an error.
async fn is_hidden(conn: &mut dyn Session, home: &Home, name: &str) -> Result<bool, Error> {
    if conn.kind() != Kind::Mysql {
        return Ok(false);
    }
    let table = home.table(quoted(Kind::Mysql, name));
    match conn
        .raw(&raw!("SELECT 1 FROM {table} LIMIT 0", table))
        .await
    {
        Ok(()) => Ok(true),
        Err(error) => match was(conn, &[NO_SUCH_TABLE]).await {
            true => Ok(false),
            false => Err(error.into()),
        },
    }
}

/// A listed name, quoted.
pub(crate) fn quoted_table(kind: Kind, listed: &str) -> Raw {
    match listed.split_once('.') {
        Some((schema, table)) => raw!("{}.{}", [quoted(kind, schema), quoted(kind, table)]),
        None => quoted(kind, listed),
    }
}

/// `EXISTS (..)`: whether a table has records of a changeset. The range has two
/// ends, because PostgreSQL takes one with a single end for a third of a table
/// that it knows nothing of, and reads that from the beginning.
fn has_records(kind: Kind, home: &Home, table: &str, changeset: ChangesetNo, first: i64) -> Raw {
    let qualified = table.contains('.');
    let table = quoted_table(kind, table);
    raw!(
        "EXISTS (SELECT 1 FROM {} WHERE {RECORD_ID} > {first} AND {RECORD_ID} < {} AND {RECORD_CHANGESET} = {})",
        [
            if qualified { table } else { home.table(&table) },
            i64::MAX,
            changeset.0
        ],
        RECORD_ID,
        first,
        RECORD_CHANGESET
    )
}

/// Whether any of these tables has records of a changeset.
pub(crate) async fn any_recorded(
    conn: &mut dyn Session,
    home: &Home,
    tables: &[String],
    changeset: ChangesetNo,
    first: i64,
) -> Result<bool, Error> {
    let kind = conn.kind();
    // Few at a time: engines limit the depth of an expression.
    for some in tables.chunks(50) {
        let tests: Vec<Raw> = some
            .iter()
            .map(|table| has_records(kind, home, table, changeset, first))
            .collect();
        let sql = raw!("SELECT {}", [Raw::join(tests, " OR ")]);
        let (found,): (bool,) = conn.one(Sql::once(sql)).await?;
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The number of the last record that is seen. What this transaction records
/// later has greater ones; it is not taken from the counter, on which a writer
/// need not have rights.
pub(crate) async fn last_recorded(conn: &mut dyn Session) -> Result<i64, Error> {
    let kind = conn.kind();
    let mut last = 0;
    for some in record_tables(conn, &Home::default()).await?.chunks(50) {
        let all: Vec<Raw> = some
            .iter()
            .map(|table| {
                let table = quoted_table(kind, table);
                raw!(
                    "SELECT MAX({RECORD_ID}) AS n FROM {table}",
                    RECORD_ID,
                    table
                )
            })
            .collect();
        let sql = raw!(
            "SELECT COALESCE(MAX(n), 0) FROM ({}) handleref_all",
            [Raw::join(all, " UNION ALL ")]
        );
        last = last.max(conn.one::<(i64,)>(Sql::once(sql)).await?.0);
    }
    Ok(last)
}
