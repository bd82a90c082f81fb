//! Sessions that write and have not committed yet.

use crate::engine::Kind;
use crate::error::Error;
use crate::session::{Executor, Session};
use crate::sql::Sql;
use chrono::{DateTime, NaiveDateTime, Utc};

/// A transaction that has written something and is still open.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct OpenTransaction {
    /// The process id of the session (PostgreSQL) or its connection id (MySQL,
    /// MariaDB): what `pg_terminate_backend` and `KILL` take. 0 for a prepared
    /// transaction, which has no session.
    pub session: i64,
    /// When the transaction began, by the database's clock.
    pub since: DateTime<Utc>,
    /// What the session does, in the engine's words, such as `idle in transaction`.
    pub state: String,
    /// The statement that runs, or ran last, as far as the engine tells.
    pub statement: Option<String>,
}

/// The open transactions of whose changes readers know nothing yet, the oldest
/// first.
///
/// No reader waits for them, and what they write is in the first batch after
/// their commit. But on PostgreSQL, until the oldest of them ends, each new
/// batch has to step over the records that were written since it began (about a
/// million a second), and on MySQL and MariaDB the undo log grows. So this is
/// where to look if reading becomes slow. On PostgreSQL transactions of other
/// databases of the cluster count, too. SQLite has one writer, for which no one
/// waits: there the list is empty.
///
/// # Errors
/// [`Error::Standby`] on a standby of PostgreSQL, which does not know the writers on
/// its primary; [`Error::Database`]. PostgreSQL shows transactions of other users only to
/// members of `pg_read_all_stats`; MySQL and MariaDB want the privilege `PROCESS`.
pub fn open_transactions<C: Executor>(
    conn: &mut C,
) -> C::Output<'_, Result<Vec<OpenTransaction>, Error>> {
    C::finish(Box::pin(read(conn)))
}

async fn read(conn: &mut dyn Session) -> Result<Vec<OpenTransaction>, Error> {
    let sql = match conn.kind() {
        Kind::Sqlite => return Ok(Vec::new()),
        // A standby does not know what is at work on its primary.
        Kind::Postgres => {
            let (standby,) = conn.one(Sql::new("SELECT pg_is_in_recovery()")).await?;
            if standby {
                return Err(Error::Standby);
            }
            "SELECT pid::bigint, xact_start, state::text, left(query, 1000)::text \
             FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid() \
             UNION ALL SELECT 0, prepared, 'prepared', gid::text FROM pg_prepared_xacts ORDER BY 2"
        }
        Kind::Mysql => {
            "SELECT trx_mysql_thread_id, CONVERT_TZ(trx_started, 'SYSTEM', '+00:00'), \
             CAST(trx_state AS CHAR), CAST(trx_query AS CHAR) FROM information_schema.INNODB_TRX \
             WHERE trx_rows_modified > 0 AND trx_mysql_thread_id <> CONNECTION_ID() ORDER BY trx_started"
        }
    };
    let rows = conn.rows(Sql::new(sql)).await?;
    let one = |(session, since, state, statement): Row| OpenTransaction {
        session,
        since: since.and_utc(),
        state: state.unwrap_or_default(),
        statement: statement.filter(|sql| !sql.is_empty()),
    };
    Ok(rows.into_iter().map(one).collect())
}

/// Session, beginning, state, statement.
type Row = (i64, NaiveDateTime, Option<String>, Option<String>);
