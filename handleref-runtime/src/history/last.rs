//! Where the records of a database have got to.

use super::moment::RecordNo;
use crate::context::Home;
use crate::context::numbers::LAST_OF_SQLITE;
use crate::engine::Kind;
use crate::error::Error;
use crate::facts::RECORD_ID;
use crate::history::tables::{quoted_table, record_tables};
use crate::session::{Executor, Session};
use crate::sql::{Raw, Sql, raw};

/// A moment after every record that is there now, for
/// [`as_of`](super::AsOfDsl::as_of): what is recorded later has a greater
/// number. Needs a schema with a recorded model.
///
/// It is read from what is stored, so a standby or a replica answers as well, for
/// what has arrived there. On PostgreSQL, MySQL and MariaDB a transaction that is
/// under way may have taken lower numbers for records that are not to be seen yet.
///
/// ```text
/// let before = handleref::history::latest_record(conn)?;
/// import(conn)?;
/// let old = articles::table.as_of::<Article>(before).load::<Article>(conn)?;
/// ```
///
/// # Errors
/// [`Error::Database`].
pub fn latest_record<C: Executor>(conn: &mut C) -> C::Output<'_, Result<RecordNo, Error>> {
    C::finish(Box::pin(latest(conn)))
}

async fn latest(conn: &mut dyn Session) -> Result<RecordNo, Error> {
    let kind = conn.kind();
    if kind == Kind::Sqlite {
        let sql = Sql::new("SELECT ").sql(LAST_OF_SQLITE);
        return Ok(RecordNo(conn.one::<(i64,)>(sql).await?.0));
    }
    // A counter runs ahead: of what is not committed, and on a standby of the
    // records that have arrived.
    let mut parts: Vec<Raw> = ["began_record", "horizon_record", "pruned_record"]
        .iter()
        .map(|of| raw!("SELECT max({of}) AS n FROM handleref_recordings", of))
        .collect();
    let tables = record_tables(conn, &Home::default()).await?;
    parts.extend(tables.iter().map(|table| {
        let table = quoted_table(kind, table);
        raw!(
            "SELECT max({RECORD_ID}) AS n FROM {table}",
            RECORD_ID,
            table
        )
    }));
    let sql = Sql::once(raw!(
        "SELECT coalesce(max(n), 0) FROM ({}) handleref_all",
        [Raw::join(parts, " UNION ALL ")]
    ));
    Ok(RecordNo(conn.one::<(i64,)>(sql).await?.0))
}
