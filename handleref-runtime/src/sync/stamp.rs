//! MySQL and MariaDB: numbers for records that are visible.
//!
//! Neither engine says which transactions a reader sees, and no number that a
//! writer takes is in the order of the commits. So writers leave the number
//! open, and a reader gives it, to all records that it sees without one: whoever
//! becomes visible later gets a later number. Readers take turns by a lock on
//! one row that no writer touches. All records of one turn have one number, and
//! among themselves the order in which they were written.

use crate::context::STAMP;
use crate::engine::Kind;
use crate::error::Error;
use crate::record::facts::{RECORD_ID, RECORD_STAMP};
use crate::session::Session;
use crate::session::Transaction;
use crate::sql::Sql;
use crate::sql::quoted;

/// How many records get a number at a time.
pub(crate) const TURN: usize = 2_000;

/// Numbers what is visible: all of it, or at least `enough` records. Says
/// whether there may be more.
pub(super) async fn stamp(conn: &mut dyn Session, enough: usize) -> Result<bool, Error> {
    let tables = tables(conn).await?;
    let mut count = 0;
    loop {
        // Most polls find nothing; they should not lock anything.
        if unstamped(conn, &tables, 1).await?.is_empty() {
            return Ok(false);
        }
        let mut transaction = Transaction::begin(conn).await?;
        let result = turn(transaction.conn()).await;
        let written = transaction.finish(result).await?;
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
async fn tables(conn: &mut dyn Session) -> Result<Vec<String>, Error> {
    let sql =
        "SELECT record_table, NULL, NULL, NULL FROM handleref_recordings ORDER BY record_table";
    let rows = conn.texts(Sql::once(sql)).await?;
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

/// Visible records without a number, the first ones; with the places of their
/// tables. Baselines are no changes.
async fn unstamped(
    conn: &mut dyn Session,
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
    Ok(conn.numbers(Sql::once(sql)).await?)
}

/// One turn: how many records got a number. The server does all of it, so that
/// a reader needs no right to change records.
///
/// Inside a transaction of the caller the snapshot may be older than the last
/// turn. It does not show whose numbers that gave, so a later number would hide
/// those records; then nothing gets one. Where records get one, they are named
/// by their keys in the primary index: a scan would wait for whoever is writing
/// between them.
async fn turn(conn: &mut dyn Session) -> Result<usize, Error> {
    conn.batch(&format!("CALL {STAMP}()")).await?;
    let sql = "SELECT CAST(@handleref_stamped AS SIGNED), CAST(0 AS SIGNED)";
    let found = conn.numbers(Sql::once(sql)).await?.pop();
    Ok(found.map_or(0, |(count, _)| usize::try_from(count).unwrap_or_default()))
}
