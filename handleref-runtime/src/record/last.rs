//! Where the records of a database have got to.

use super::moment::RecordNo;
use super::query::Sql;
use crate::engine::{Engine, Kind};
use crate::error::Error;
use crate::executor::Executor;

/// A moment after every record that is there now, for
/// [`as_of`](super::AsOfDsl::as_of): what is recorded later has a greater
/// number. Needs a schema with a recorded model.
///
/// On PostgreSQL, MySQL and MariaDB a transaction that is under way may have
/// taken lower numbers for records that are not to be seen yet.
///
/// ```text
/// let before = handleref::latest_record(conn)?;
/// import(conn)?;
/// let old = articles::table.as_of::<Article>(before).load::<Article>(conn)?;
/// ```
///
/// # Errors
/// [`Error::Database`].
pub fn latest_record<C: Executor>(conn: &mut C) -> C::Output<'_, Result<RecordNo, Error>> {
    C::run(async move {
        let query = match C::Backend::KIND {
            Kind::Sqlite => "SELECT tick, 0 FROM handleref_context",
            Kind::Postgres => {
                "SELECT CASE WHEN is_called THEN last_value ELSE 0 END, 0::bigint FROM handleref_record_id"
            }
            // Takes a number, as a record does.
            Kind::Mysql => {
                "SELECT CAST(UUID_SHORT() & 0x7FFFFFFFFFFFFFFF AS SIGNED), CAST(0 AS SIGNED)"
            }
        };
        let found = conn.numbers(Sql::new(query)).await?.pop();
        let (number, _) = found.ok_or(diesel::result::Error::NotFound)?;
        Ok(RecordNo(number))
    })
}
