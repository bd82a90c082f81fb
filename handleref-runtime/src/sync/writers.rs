//! Who writes and has not committed yet.

use crate::engine::{Engine, Kind};
use crate::error::Error;
use crate::executor::{Executor, Texts};
use crate::text::{parse_time, read_all};
use chrono::{DateTime, Utc};

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
/// databases of the cluster count, too. SQLite has one writer, for whom nobody
/// waits: there the list is empty.
///
/// # Errors
/// [`Error::Standby`] on a standby of PostgreSQL, which does not know who writes on
/// its primary; [`Error::Database`]. PostgreSQL shows transactions of other users only to
/// members of `pg_read_all_stats`; MySQL and MariaDB want the privilege `PROCESS`.
pub fn open_transactions<C: Executor>(
    conn: &mut C,
) -> C::Output<'_, Result<Vec<OpenTransaction>, Error>> {
    C::run(async move {
        let sql = match C::Backend::KIND {
            Kind::Sqlite => return Ok(Vec::new()),
            Kind::Postgres => {
                "SELECT pid::text, '@' || (extract(epoch FROM xact_start) * 1000000)::bigint, state::text, left(query, 1000)::text \
                 FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid() \
                 UNION ALL SELECT '0', '@' || (extract(epoch FROM prepared) * 1000000)::bigint, 'prepared', gid::text FROM pg_prepared_xacts \
                 UNION ALL SELECT 'standby', NULL, NULL, NULL WHERE pg_is_in_recovery() ORDER BY 2"
            }
            Kind::Mysql => {
                "SELECT CAST(trx_mysql_thread_id AS CHAR), CAST(CONVERT_TZ(trx_started, 'SYSTEM', '+00:00') AS CHAR), \
                 CAST(trx_state AS CHAR), CAST(trx_query AS CHAR) FROM information_schema.INNODB_TRX \
                 WHERE trx_rows_modified > 0 AND trx_mysql_thread_id <> CONNECTION_ID() ORDER BY trx_started"
            }
        };
        let rows = conn.texts(diesel::sql_query(sql)).await?;
        // It does not know who is at work on its primary.
        if rows.iter().any(|row| row.0.as_deref() == Some("standby")) {
            return Err(Error::Standby);
        }
        read_all(rows, "an open transaction", read)
    })
}

fn read((session, since, state, statement): Texts) -> Option<OpenTransaction> {
    Some(OpenTransaction {
        session: session?.parse().ok()?,
        since: parse_time(&since?)?.and_utc(),
        state: state.unwrap_or_default(),
        statement: statement.filter(|sql| !sql.is_empty()),
    })
}
