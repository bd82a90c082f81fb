//! What a server says by a code, which Diesel does not pass on, and otherwise
//! only by words, which are in the language of the server.

use crate::engine::Kind;
use crate::error::Error;
use crate::session::Session;
use crate::sql::{Raw, Sql, quoted, raw};
use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// The tables of ours that every recording has.
pub(crate) fn own(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Sqlite => &[
            "handleref_changesets",
            "handleref_recordings",
            "handleref_context",
            "handleref_database",
        ],
        Kind::Postgres => &[
            "handleref_changesets",
            "handleref_recordings",
            "handleref_database",
            "handleref_record_id",
        ],
        Kind::Mysql => &[
            "handleref_changesets",
            "handleref_recordings",
            "handleref_database",
        ],
    }
}

/// What [`Error::NotInstalled`] names where nothing at all is.
pub(crate) const HISTORY: (&str, &str) = ("changesets", "handleref_changesets");

/// Of SQLite, which speaks one language: every scope begins with this table.
pub(crate) fn without_context(error: impl Into<Error>) -> Error {
    let error = error.into();
    match &error {
        Error::Database(DieselError::DatabaseError(_, info))
            if info.message() == "no such table: handleref_context" =>
        {
            let (model, records) = HISTORY;
            Error::NotInstalled { model, records }
        }
        _ => error,
    }
}

/// What went wrong if none of our tables is there, whatever the server says; a
/// missing right is an error of its own.
pub(crate) async fn or_not_installed(
    conn: &mut dyn Session,
    error: impl Into<Error> + Send,
    (model, records): (&'static str, &'static str),
) -> Error {
    let own = own(conn.kind());
    match missing(conn, error, own).await {
        Ok(_) => Error::NotInstalled { model, records },
        Err(error) => error,
    }
}

/// The same of an error that was judged in a transaction of PostgreSQL, where
/// nothing could be asked, and that is over now.
pub(crate) async fn or_hidden(conn: &mut dyn Session, error: Error) -> Error {
    if conn.kind() == Kind::Postgres
        && matches!(error, Error::NotInstalled { .. })
        && let Some(Found::Hidden(schema)) = on_path(conn, "handleref_recordings").await
    {
        return denied(&schema);
    }
    error
}

fn denied(schema: &str) -> Error {
    let right = format!("USAGE on the schema `{schema}`");
    Error::Denied { right }
}

/// The first of these tables that is missing, if that is what an error is about;
/// otherwise the error.
///
/// Asks the database again, after an error alone. In a transaction of
/// PostgreSQL that the error has ended nothing can be asked. There the server's
/// parser has given where in the statement it stopped, as it does for what is not
/// there and never for what is not allowed.
pub(crate) async fn missing<T: AsRef<str> + Sync>(
    conn: &mut dyn Session,
    error: impl Into<Error> + Send,
    tables: &[T],
) -> Result<usize, Error> {
    let error = error.into();
    let Error::Database(DieselError::DatabaseError(DatabaseErrorKind::Unknown, info)) = &error
    else {
        return Err(error);
    };
    let (message, stopped) = (
        info.message().to_owned(),
        info.statement_position().is_some(),
    );
    for (at, table) in tables.iter().enumerate() {
        let table = table.as_ref();
        let gone = match conn.kind() {
            Kind::Sqlite => {
                let gone = message.strip_prefix("no such table: ");
                let name = gone.map(|name| name.rsplit('.').next().unwrap_or(name));
                name == Some(table)
            }
            Kind::Mysql => {
                let probe = raw!("SELECT 1 FROM {} LIMIT 0", [quoted(Kind::Mysql, table)]);
                conn.raw(&probe).await.is_err() && was(conn, &[NO_SUCH_TABLE]).await
            }
            Kind::Postgres => match on_path(conn, table).await {
                Some(Found::Hidden(schema)) => return Err(denied(&schema)),
                Some(found) => found == Found::Nowhere,
                None => stopped && message.contains(table),
            },
        };
        if gone {
            return Ok(at);
        }
    }
    Err(error)
}

#[derive(PartialEq, Eq)]
enum Found {
    Here,
    Nowhere,
    /// In a schema of the search path that the role may not use.
    Hidden(String),
}

/// Where PostgreSQL's search path has a table; `None` if that cannot be asked now.
async fn on_path(conn: &mut dyn Session, table: &str) -> Option<Found> {
    let sql = Sql::new("SELECT pg_catalog.to_regclass(")
        .bind(quoted(Kind::Postgres, table).into_string())
        .sql(
            ")::text, (SELECT n.nspname::text FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = ",
        )
        .bind(table)
        .sql(
            " AND NOT pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND n.nspname IN \
             (SELECT pg_catalog.replace(pg_catalog.btrim(name, ' \"'), '$user', current_user) \
             FROM pg_catalog.unnest(pg_catalog.string_to_array(pg_catalog.current_setting('search_path'), ',')) AS name) LIMIT 1)",
        );
    let (here, hidden): (Option<String>, Option<String>) = conn.first(sql).await.ok()??;
    Some(match (here, hidden) {
        (Some(_), _) => Found::Here,
        (None, Some(schema)) => Found::Hidden(schema),
        (None, None) => Found::Nowhere,
    })
}

/// MySQL's number for a table that is not there.
pub(crate) const NO_SUCH_TABLE: u16 = 1146;

/// Whether the last statement of this connection, on MySQL or MariaDB, has
/// failed with one of these numbers.
pub(crate) async fn was(conn: &mut dyn Session, codes: &[u16]) -> bool {
    let codes = Raw::numbers(codes.iter().copied().map(i64::from));
    // One statement each: of several in one text Diesel sees only what the first
    // one comes to.
    let sql = "GET DIAGNOSTICS CONDITION 1 @handleref_code = MYSQL_ERRNO";
    if conn.raw(&sql.into()).await.is_err() {
        return false;
    }
    // Refused, as no integer holds the sum, unless it was one of them: nothing
    // has to be read.
    let ask = raw!(
        "SET @handleref_code = 9223372036854775807 + IF(@handleref_code IN ({codes}), 0, 1)",
        codes
    );
    conn.raw(&ask).await.is_ok()
}
