//! Transactions that the engine has ended while Diesel believes in them.

use super::{Executor, Session};
use crate::engine::Kind;
use crate::error::{Error, is_conflict};
use crate::session::absent::was;
use diesel::connection::{TransactionManagerStatus, ValidTransactionManagerStatus};
use diesel::result::{Error as DieselError, QueryResult};

/// A result of a statement, looked at: an error may have cost more than the
/// statement.
///
/// MySQL and MariaDB roll back the whole transaction after a deadlock and after
/// a conflict with a snapshot, SQLite when a disk is full or a user's trigger
/// says so. Diesel does not know, and would go on: what is written after that
/// would be committed alone. So from there on it is in a transaction that
/// is never committed, and the connection refuses to be used until
/// [`recover`]. PostgreSQL refuses by itself.
// Unused in a build without any connection.
#[allow(dead_code)]
pub(crate) async fn judged<T>(conn: &mut dyn Session, result: QueryResult<T>) -> QueryResult<T> {
    let error = match result {
        Ok(value) => return Ok(value),
        Err(error) => in_any_language(conn, error).await,
    };
    if !conn.in_transaction() || !may_end_a_transaction(conn.kind(), &error) {
        return Err(error);
    }
    match is_lost(conn).await {
        true if is_conflict(&error) => Err(Error::Conflict {
            lost: true,
            cause: error,
        }
        .into()),
        true => Err(Error::RolledBack { cause: error }.into()),
        false => Err(error),
    }
}

/// MySQL's and MariaDB's errors for a transaction in the way, of which Diesel
/// knows one, and only on some connections; `error` knows their English texts.
const IN_THE_WAY: [u16; 4] = [1213, 1205, 1020, 3572];

#[allow(dead_code)]
async fn in_any_language(conn: &mut dyn Session, error: DieselError) -> DieselError {
    use diesel::result::DatabaseErrorKind as Of;
    if conn.kind() != Kind::Mysql || is_conflict(&error) {
        return error;
    }
    match error {
        DieselError::DatabaseError(Of::Unknown, info) if was(conn, &IN_THE_WAY).await => {
            DieselError::DatabaseError(Of::SerializationFailure, info)
        }
        other => other,
    }
}

#[allow(dead_code)]
fn may_end_a_transaction(kind: Kind, error: &DieselError) -> bool {
    use diesel::result::DatabaseErrorKind as Of;
    match (kind, error) {
        (Kind::Postgres, _) => false,
        // These are errors of a row, and cost a round trip to ask about.
        (Kind::Mysql, DieselError::DatabaseError(kind, _)) => !matches!(
            kind,
            Of::UniqueViolation
                | Of::ForeignKeyViolation
                | Of::NotNullViolation
                | Of::CheckViolation
        ),
        (_, DieselError::DatabaseError(..)) => true,
        _ => false,
    }
}

/// Whether the transaction that Diesel believes in is there no more; if so,
/// nothing is committed from here on.
async fn is_lost(conn: &mut dyn Session) -> bool {
    // What is refused in a transaction, and only there.
    let (probe, begin) = match conn.kind() {
        Kind::Sqlite => ("BEGIN", None),
        Kind::Mysql => ("SET TRANSACTION READ WRITE", Some("BEGIN")),
        Kind::Postgres => return false,
    };
    if conn.raw(&probe.into()).await.is_err() {
        return false;
    }
    if let Some(begin) = begin {
        let _ = conn.raw(&begin.into()).await;
    }
    conn.status().set_in_error();
    true
}

/// Makes a connection usable again whose transaction the database has rolled
/// back ([`Error::Conflict`] that says `lost`): what is left of the transaction
/// is rolled back. Any other connection is left as it is.
///
/// ```text
/// let done = loop {
///     match conn.transaction(|conn| work(conn)) {
///         Err(error) if error.is_retryable() => handleref::recover(conn)?,
///         other => break other,
///     }
/// };
/// ```
///
/// A pool drops such a connection by itself.
///
/// # Errors
/// [`Error::Database`] if the connection is lost, or was given up because a
/// future was dropped and the engine cannot be asked any more.
pub fn recover<C: Executor>(conn: &mut C) -> C::Output<'_, Result<(), Error>> {
    C::finish(Box::pin(async move { Ok(clear(conn).await?) }))
}

/// Only where no transaction is around.
pub(crate) async fn clear(conn: &mut dyn Session) -> QueryResult<()> {
    if conn.usable().is_err() {
        match conn.raw(&"ROLLBACK".into()).await {
            Ok(()) => {}
            // SQLite and PostgreSQL have none any more.
            Err(DieselError::DatabaseError(_, info))
                if info.message().contains("no transaction") => {}
            Err(error) => return Err(error),
        }
        *conn.status() = TransactionManagerStatus::default();
    }
    Ok(())
}

/// The end of a transaction that did not go well: with the first error, and with
/// a connection that is usable again if nothing is around it.
pub(crate) async fn after_failure(conn: &mut dyn Session, outer: u32, rolled_back: bool) {
    let doubtful = match conn.status() {
        TransactionManagerStatus::Valid(ValidTransactionManagerStatus {
            in_transaction: Some(status),
            ..
        }) => status.requires_rollback_maybe_up_to_top_level,
        _ => false,
    };
    if outer > 0 && conn.in_transaction() && (doubtful || !rolled_back) {
        let lost = is_lost(conn).await;
        // The transaction was ended by SQL, and another one begun, which has no
        // owner.
        if !lost && !rolled_back && conn.kind() != Kind::Postgres {
            let _ = conn.raw(&"ROLLBACK".into()).await;
            let _ = conn.raw(&"BEGIN".into()).await;
            conn.status().set_in_error();
        }
    }
    if outer == 0 {
        let _ = clear(conn).await;
    }
}
