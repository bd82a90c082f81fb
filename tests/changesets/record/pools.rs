//! Connections that go back into a pool, however a changeset on them ended:
//! nothing of it is on them when they come out again.

use super::*;
use crate::support::Done;
use diesel::QueryableByName;
use diesel::sql_types::BigInt;

#[derive(Debug, Clone, Copy, PartialEq, QueryableByName)]
struct Seen {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

/// What the triggers see of a changeset; 0 if nothing.
fn context(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "SELECT COALESCE(changeset, 0) AS value FROM handleref_context",
        Engine::Postgres => {
            "SELECT CAST(COALESCE(NULLIF(current_setting('handleref.changeset', true), ''), '0') AS BIGINT) AS value"
        }
        Engine::Mysql => "SELECT CAST(COALESCE(@handleref_changeset, 0) AS SIGNED) AS value",
    }
}

/// Which session of the server it is.
fn session(engine: Engine) -> &'static str {
    match engine {
        // It has none. What a connection has written tells new from old.
        Engine::Sqlite => "SELECT CAST(0 AS BIGINT) AS value",
        Engine::Postgres => "SELECT CAST(pg_backend_pid() AS BIGINT) AS value",
        Engine::Mysql => "SELECT CAST(CONNECTION_ID() AS SIGNED) AS value",
    }
}

/// Waits until no transaction holds a book any more, such as one whose
/// connection has just been closed.
pub(super) fn settle(db: &Db) {
    db.execute(match db.engine {
        Engine::Sqlite => "PRAGMA busy_timeout = 60000; BEGIN IMMEDIATE; COMMIT",
        Engine::Postgres => "BEGIN; LOCK TABLE books IN ACCESS EXCLUSIVE MODE; COMMIT",
        Engine::Mysql => "LOCK TABLES books WRITE; UNLOCK TABLES",
    });
}

/// A connection as it came out of the pool: no changeset, no transaction, and
/// what is written plainly is committed and carries none.
macro_rules! assert_clean {
    ($what:expr, $db:expr, $conn:expr, $other:expr, $id:expr) => {{
        let what = $what;
        let seen = go!(diesel::sql_query(context($db.engine)).get_result::<Seen>($conn))?;
        assert_eq!(seen.value, 0, "{what}: a changeset is still set");
        assert_eq!(go!(current_changeset($conn))?, None, "{what}");
        book!($conn, $id);
        let found = go!(Book::history_of($id)
            .select(BookRecords::CHANGESET)
            .load::<Option<i64>>($other))?;
        assert_eq!(found, [None], "{what}: a plain write");
    }};
}

#[cfg(feature = "async")]
pub(super) mod asynchronous;
#[cfg(feature = "r2d2")]
pub(super) mod synchronous;
