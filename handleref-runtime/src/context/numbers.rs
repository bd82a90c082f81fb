//! The numbers of records.
//!
//! On PostgreSQL, MySQL and MariaDB a sequence gives them, to whoever asks. On
//! SQLite the last one stands in a row, and who writes records without the
//! triggers moves it on.

use crate::engine::Kind;
use crate::session::Session;
use crate::sql::{Sql, integer, raw};
use diesel::result::QueryResult;

/// The last number on SQLite.
pub(crate) const LAST_OF_SQLITE: &str = "(SELECT tick FROM handleref_context)";

/// An expression that takes the next number; `None` on SQLite.
pub(crate) const fn next_number(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Sqlite => None,
        Kind::Postgres => Some("pg_catalog.nextval('handleref_record_id'::pg_catalog.regclass)"),
        Kind::Mysql => Some("handleref_next_record()"),
    }
}

/// Takes one number.
pub(crate) async fn take_number(conn: &mut dyn Session) -> QueryResult<i64> {
    take_numbers(conn, 1).await?;
    let number = next_number(conn.kind()).unwrap_or(LAST_OF_SQLITE);
    let sql = Sql::new("SELECT CAST(").sql(number).sql(" AS ");
    let sql = sql.sql(integer(conn.kind())).sql(")");
    Ok(conn.one::<(i64,)>(sql).await?.0)
}

/// Takes the next numbers of records on SQLite, where who writes them counts;
/// elsewhere the database does.
pub(crate) async fn take_numbers(conn: &mut dyn Session, count: i64) -> QueryResult<()> {
    match conn.kind() {
        Kind::Sqlite => {
            let sql = raw!("UPDATE handleref_context SET tick = tick + {count}", count);
            conn.batch(&sql).await
        }
        Kind::Postgres | Kind::Mysql => Ok(()),
    }
}
