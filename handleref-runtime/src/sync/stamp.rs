//! MySQL and MariaDB: numbers for records that are visible.
//!
//! Neither engine says which transactions a reader sees, and no number that a
//! writer takes is in the order of the commits. So writers leave the number
//! open, and a reader gives it, to all records that it sees without one: whoever
//! becomes visible later gets a later number. Readers take turns by a lock on
//! one row that no writer touches. All records of one turn have one number, and
//! among themselves the order in which they were written.

use crate::context::{Scope, Switch};
use crate::engine::Kind;
use crate::error::Error;
use crate::executor::{Executor, Steps};
use crate::record::facts::{RECORD_ID, RECORD_STAMP};
use crate::text::quoted;

/// How many records get a number at a time.
const TURN: usize = 2_000;

/// Numbers what is visible: all of it, or at least `enough` records. Says
/// whether there may be more.
pub(super) async fn stamp<C: Executor>(conn: &mut C, enough: usize) -> Result<bool, Error> {
    let tables = tables(conn).await?;
    let mut count = 0;
    loop {
        // Most polls find nothing; they should not lock anything.
        if unstamped(conn, &tables, 1).await?.is_empty() {
            return Ok(false);
        }
        let mut scope = Scope::begin(conn, Switch::Door).await?;
        let result = turn(scope.conn(), &tables).await;
        let written = scope.finish(result).await?;
        count += written;
        let rest = written == TURN;
        if !rest || count >= enough {
            return Ok(rest);
        }
    }
}

/// All record tables of the database, whoever reads them: a cursor over two
/// models must not find the parent after the child because somebody else asked
/// for the child alone.
async fn tables<C: Executor>(conn: &mut C) -> Result<Vec<String>, Error> {
    let sql =
        "SELECT record_table, NULL, NULL, NULL FROM handleref_recordings ORDER BY record_table";
    let rows = conn.texts(diesel::sql_query(sql)).await?;
    let quote = |name: String| -> String {
        let parts: Vec<String> = name
            .split('.')
            .map(|part| quoted(Kind::Mysql, part))
            .collect();
        parts.join(".")
    };
    Ok(rows
        .into_iter()
        .filter_map(|(name, ..)| name.map(quote))
        .collect())
}

async fn last<C: Steps>(conn: &mut C, lock: &str) -> Result<i64, Error> {
    let sql = format!("SELECT stamp, 0 FROM handleref_database{lock}");
    let row = conn.numbers(diesel::sql_query(sql)).await?.pop();
    let (stamp, _) = row.ok_or(diesel::result::Error::NotFound)?;
    Ok(stamp)
}

/// Visible records without a number, the first ones; with the places of their
/// tables. Baselines are no changes.
async fn unstamped<C: Steps>(
    conn: &mut C,
    tables: &[String],
    limit: usize,
) -> Result<Vec<(i64, i64)>, Error> {
    let query = |(at, table): (usize, &String)| {
        format!(
            "SELECT * FROM (SELECT {RECORD_ID} AS handleref_id, {at} AS handleref_at FROM {table} \
             WHERE {RECORD_STAMP} IS NULL AND {RECORD_ID} > 0 ORDER BY {RECORD_ID} LIMIT {limit}) handleref_{at}"
        )
    };
    let queries: Vec<String> = tables.iter().enumerate().map(query).collect();
    if queries.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT handleref_id, CAST(handleref_at AS SIGNED) FROM ({}) handleref_all ORDER BY handleref_id LIMIT {limit}",
        queries.join(" UNION ALL ")
    );
    Ok(conn.numbers(diesel::sql_query(sql)).await?)
}

/// One turn: how many records got a number.
async fn turn<C: Steps>(conn: &mut C, tables: &[String]) -> Result<usize, Error> {
    let last_one = last(conn, " FOR UPDATE").await?;
    // Inside a transaction of the caller the snapshot may be older than the last
    // turn. It does not show whose numbers that gave, so a later number would
    // hide those records.
    if last(conn, "").await? != last_one {
        return Ok(0);
    }
    let number = last_one + 1;
    let found = unstamped(conn, tables, TURN).await?;
    let mut count = 0;
    for (at, table) in (0..).zip(tables) {
        let ids = found.iter().filter(|(_, its)| *its == at);
        let ids: Vec<String> = ids.map(|(id, _)| id.to_string()).collect();
        if ids.is_empty() {
            continue;
        }
        // Without the hint a scan may seem cheaper, which waits for whoever is
        // writing between these.
        let sql = format!(
            "UPDATE {table} FORCE INDEX (PRIMARY) SET {RECORD_STAMP} = {number} WHERE {RECORD_ID} IN ({}) AND {RECORD_STAMP} IS NULL",
            ids.join(", ")
        );
        count += conn.execute(diesel::sql_query(sql)).await?;
    }
    if count > 0 {
        let sql = format!("UPDATE handleref_database SET stamp = {number}");
        conn.execute(diesel::sql_query(sql)).await?;
    }
    Ok(count)
}
