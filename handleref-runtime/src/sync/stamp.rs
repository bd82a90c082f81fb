//! MySQL and MariaDB: numbers for records that are visible.
//!
//! Neither engine says which transactions a reader sees, and no number that a
//! writer takes is in the order of the commits. So writers leave the number
//! open, and a reader gives it, to all records that it sees without one: one that
//! becomes visible later gets a later number. Readers take turns by a lock on
//! one row that no writer touches. All records of one turn have one number, and
//! among themselves the order in which they were written.

use crate::context::{STAMP, TURN};
use crate::engine::Kind;
use crate::error::Error;
use crate::facts::{RECORD_ID, RECORD_STAMP};
use crate::history::tables::quoted_table;
use crate::session::{Session, Transaction};
use crate::sql::{Raw, Sql, raw};

/// Numbers what is visible: all of it, or at least `enough` records. Says
/// whether there may be more.
pub(super) async fn stamp(conn: &mut dyn Session, enough: usize) -> Result<bool, Error> {
    let tables = tables(conn).await?;
    let mut count = 0;
    loop {
        // Most polls find nothing; they should not lock anything.
        if !unstamped(conn, &tables).await? {
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

/// All record tables of the database, whatever models are read: a cursor over two
/// models must not find the parent after the child because another reader asked
/// for the child alone.
async fn tables(conn: &mut dyn Session) -> Result<Vec<Raw>, Error> {
    let sql = "SELECT record_table FROM handleref_recordings ORDER BY record_table";
    let rows: Vec<(String,)> = conn.rows(Sql::new(sql)).await?;
    let quote = |(name,): &(String,)| quoted_table(Kind::Mysql, name);
    Ok(rows.iter().map(quote).collect())
}

/// Whether there are visible records without a number. Baselines are no changes.
async fn unstamped(conn: &mut dyn Session, tables: &[Raw]) -> Result<bool, Error> {
    let exists = |table: &Raw| {
        raw!(
            "EXISTS (SELECT 1 FROM {table} WHERE {RECORD_STAMP} IS NULL AND {RECORD_ID} > 0)",
            table,
            RECORD_STAMP,
            RECORD_ID
        )
    };
    let any: Vec<Raw> = tables.iter().map(exists).collect();
    if any.is_empty() {
        return Ok(false);
    }
    let (found,) = conn
        .one(Sql::once(raw!("SELECT {}", [Raw::join(any, " OR ")])))
        .await?;
    Ok(found)
}

/// One turn: how many records got a number. The server does all of it, so that
/// a reader needs no right to change records.
///
/// Inside a transaction of the caller the snapshot may be older than the last
/// turn. It does not show whose numbers that gave, so a later number would hide
/// those records; then nothing gets one. Where records get one, they are named
/// by their keys in the primary index: a scan would wait for those that are writing
/// between them.
async fn turn(conn: &mut dyn Session) -> Result<usize, Error> {
    conn.batch(&raw!("CALL {STAMP}()", STAMP)).await?;
    let sql = Sql::new("SELECT CAST(@handleref_stamped AS SIGNED)");
    Ok(conn.one::<(usize,)>(sql).await?.0)
}
