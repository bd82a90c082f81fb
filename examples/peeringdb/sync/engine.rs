//! What depends on the engine. This is for SQLite; for another one, change
//! this file.

use chrono::NaiveDateTime;
use diesel::sql_types::Text;
use diesel::{Connection, QueryResult, RunQueryDsl};

/// The connection to either side.
pub type Conn = diesel::SqliteConnection;

diesel::define_sql_function! { fn strftime(format: Text, moment: Text) -> Timestamp; }

/// The source's clock, the one that stamps its rows, in UTC.
pub(super) fn clock(conn: &mut Conn) -> QueryResult<NaiveDateTime> {
    diesel::select(strftime("%Y-%m-%d %H:%M:%f", "now")).get_result(conn)
}

/// Runs `read` in one snapshot. SQLite takes it with the first row that is
/// read. On PostgreSQL it is `build_transaction().repeatable_read().read_only()`;
/// on MySQL and MariaDB, a transaction of the default isolation.
pub(super) fn snapshot<T, E: From<diesel::result::Error>>(
    conn: &mut Conn,
    read: impl FnOnce(&mut Conn) -> Result<T, E>,
) -> Result<T, E> {
    conn.transaction(read)
}

/// Runs `write` in a transaction that no other pull into this mirror overlaps.
/// On other engines, let it begin by locking the row of `sync_state`.
pub(super) fn exclusively<T, E: From<diesel::result::Error>>(
    conn: &mut Conn,
    write: impl FnOnce(&mut Conn) -> Result<T, E>,
) -> Result<T, E> {
    conn.immediate_transaction(write)
}
