//! The three database engines, and what differs between them.

use crate::time::BoundTime;
use diesel::backend::{Backend, DieselReserveSpecialization};
use diesel::query_builder::AstPass;
use diesel::result::QueryResult;
use diesel::sql_types::{BigInt, Bool, HasSqlType, Text};

/// Which family of engines a backend speaks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// SQLite 3.35 or later.
    Sqlite,
    /// PostgreSQL 13 or later.
    Postgres,
    /// MySQL 8 or later and MariaDB 10.5 or later.
    Mysql,
}

/// A Diesel backend that handleref knows.
///
/// Sealed: what a statement looks like is decided here once, by
/// [`KIND`](Engine::KIND), and every other part of the crate asks.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a backend that handleref can write for",
    note = "the backends are `Sqlite` (feature `sqlite`), `Pg` (feature `postgres`) and `Mysql` (feature `mysql`)"
)]
pub trait Engine:
    Backend<QueryBuilder: Default>
    + DieselReserveSpecialization
    + Default
    + HasSqlType<BigInt>
    + HasSqlType<Bool>
    + HasSqlType<Text>
    + Send
    + Sync
    + 'static
    + sealed::Sealed
{
    /// The family.
    const KIND: Kind;
    /// Whether an `UPDATE` can give back the row it wrote. MySQL has no
    /// `RETURNING`; MariaDB has none for `UPDATE` before version 13.
    const RETURNING: bool;

    /// Binds an integer; here, where the backend is concrete, no bound is
    /// needed that every generic caller would have to repeat.
    #[doc(hidden)]
    fn bind_number<'b>(number: &'b i64, out: &mut AstPass<'_, 'b, Self>) -> QueryResult<()>;

    /// Binds an instant, in UTC; as [`bind_number`](Engine::bind_number).
    #[doc(hidden)]
    fn bind_time<'b>(time: &'b BoundTime, out: &mut AstPass<'_, 'b, Self>) -> QueryResult<()>;
}

mod sealed {
    pub trait Sealed {}
    #[cfg(feature = "sqlite")]
    impl Sealed for diesel::sqlite::Sqlite {}
    #[cfg(feature = "postgres_backend")]
    impl Sealed for diesel::pg::Pg {}
    #[cfg(feature = "mysql_backend")]
    impl Sealed for diesel::mysql::Mysql {}
}

#[allow(unused_macros)]
macro_rules! binds {
    ($time:ty) => {
        fn bind_number<'b>(number: &'b i64, out: &mut AstPass<'_, 'b, Self>) -> QueryResult<()> {
            out.push_bind_param::<BigInt, _>(number)
        }
        fn bind_time<'b>(time: &'b BoundTime, out: &mut AstPass<'_, 'b, Self>) -> QueryResult<()> {
            out.push_bind_param::<$time, _>(time.on(Self::KIND))
        }
    };
}

#[cfg(feature = "sqlite")]
impl Engine for diesel::sqlite::Sqlite {
    const KIND: Kind = Kind::Sqlite;
    const RETURNING: bool = true;
    binds!(diesel::sql_types::Timestamp);
}

#[cfg(feature = "postgres_backend")]
impl Engine for diesel::pg::Pg {
    const KIND: Kind = Kind::Postgres;
    const RETURNING: bool = true;
    binds!(diesel::sql_types::Timestamp);
}

#[cfg(feature = "mysql_backend")]
impl Engine for diesel::mysql::Mysql {
    const KIND: Kind = Kind::Mysql;
    const RETURNING: bool = false;
    // A parameter of the type TIMESTAMP is an instant of the session's zone, and
    // only of the years 1970 to 2038.
    binds!(diesel::sql_types::Datetime);
}

/// Keeps a read that may fail while rows are sent out of the cache of prepared
/// statements: one that waits for locks, or that refuses by a function of ours.
///
/// On MySQL and MariaDB such an error comes after the columns were announced;
/// libmariadb then waits for the rest of the rows when the same prepared
/// statement is executed again, and never returns.
pub(crate) fn fails_late<DB: Engine>(out: &mut AstPass<'_, '_, DB>) {
    if DB::KIND == Kind::Mysql {
        out.unsafe_to_cache_prepared();
    }
}
