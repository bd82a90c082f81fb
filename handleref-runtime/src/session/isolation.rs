//! How isolated a transaction of our own is.
//!
//! MySQL is told before the transaction begins, PostgreSQL right after; SQLite
//! has one level. Both functions are called, with the beginning in between.

use super::Session;
use crate::engine::Kind;
use diesel::result::QueryResult;

/// A level of SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Isolation {
    /// Each statement sees what is committed, and on MySQL locks no gaps between rows.
    ReadCommitted,
    /// All statements see one state. Nothing is written.
    #[cfg(feature = "mirror")]
    Snapshot,
}

impl Isolation {
    /// Of the next transaction.
    pub(crate) async fn announce(self, conn: &mut dyn Session) -> QueryResult<()> {
        self.say(conn, Kind::Mysql).await
    }

    /// Of the transaction that has just begun.
    pub(crate) async fn set(self, conn: &mut dyn Session) -> QueryResult<()> {
        self.say(conn, Kind::Postgres).await
    }

    async fn say(self, conn: &mut dyn Session, on: Kind) -> QueryResult<()> {
        if conn.kind() != on {
            return Ok(());
        }
        let sql = match self {
            Self::ReadCommitted => "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
            #[cfg(feature = "mirror")]
            Self::Snapshot if on == Kind::Mysql => {
                "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"
            }
            #[cfg(feature = "mirror")]
            Self::Snapshot => "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        conn.batch(&sql.into()).await
    }
}
