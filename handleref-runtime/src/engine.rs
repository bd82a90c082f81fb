//! The three database engines, and what differs between them.

pub(crate) mod row;

use crate::time::BoundTime;
use diesel::backend::{Backend, DieselReserveSpecialization};
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::QueryResult;
use diesel::sql_types::{BigInt, Bool, HasSqlType, Nullable, Text};
use row::{AnyRow, DynRow};
use std::borrow::Cow;

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

    /// Binds an integer; here, where the backend is concrete, no bound is
    /// needed that every generic caller would have to repeat.
    #[doc(hidden)]
    fn bind_number<'b>(number: &'b i64, out: &mut AstPass<'_, 'b, Self>) -> QueryResult<()>;

    /// Binds an instant, in UTC; as [`bind_number`](Engine::bind_number).
    #[doc(hidden)]
    fn bind_time<'b>(time: &'b BoundTime, out: &mut AstPass<'_, 'b, Self>) -> QueryResult<()>;

    /// Binds an integer or null; as [`bind_number`](Engine::bind_number).
    #[doc(hidden)]
    fn bind_integer<'b>(
        number: &'b Option<i64>,
        out: &mut AstPass<'_, 'b, Self>,
    ) -> QueryResult<()>;

    /// Binds a text or null; as [`bind_number`](Engine::bind_number).
    #[doc(hidden)]
    fn bind_text<'b>(
        text: &'b Option<Cow<'_, str>>,
        out: &mut AstPass<'_, 'b, Self>,
    ) -> QueryResult<()>;

    /// A fragment of this engine without its type.
    #[doc(hidden)]
    fn typed<'a>(fragment: Box<Fragment<'a, Self>>) -> Typed<'a>;

    /// The inverse of [`typed`](Engine::typed).
    ///
    /// # Errors
    /// If it is of another engine.
    #[doc(hidden)]
    fn own<'a, 'b>(typed: &'b Typed<'a>) -> QueryResult<&'b Fragment<'a, Self>>;

    /// Writes a fragment that is one on every engine.
    #[doc(hidden)]
    fn every<'b>(fragment: &'b dyn Every, out: AstPass<'_, 'b, Self>) -> QueryResult<()>;

    /// A row of this engine without its type; as [`own`](Engine::own).
    #[doc(hidden)]
    fn row<'r>(row: &AnyRow<'r>) -> QueryResult<&'r DynRow<'r, Self>>;
}

/// A part of a statement that an engine's backend writes.
#[doc(hidden)]
pub type Fragment<'a, DB> = dyn QueryFragment<DB> + Send + Sync + 'a;

/// A [`Fragment`] of some engine.
#[doc(hidden)]
#[allow(missing_debug_implementations)]
pub enum Typed<'a> {
    #[cfg(feature = "sqlite")]
    Sqlite(Box<Fragment<'a, diesel::sqlite::Sqlite>>),
    #[cfg(feature = "postgres_backend")]
    Postgres(Box<Fragment<'a, diesel::pg::Pg>>),
    #[cfg(feature = "mysql_backend")]
    Mysql(Box<Fragment<'a, diesel::mysql::Mysql>>),
    #[doc(hidden)]
    Never(std::convert::Infallible, std::marker::PhantomData<&'a ()>),
}

/// A fragment that is one on every engine.
#[doc(hidden)]
pub trait Every: Send + Sync {
    #[cfg(feature = "sqlite")]
    fn sqlite<'b>(&'b self, out: AstPass<'_, 'b, diesel::sqlite::Sqlite>) -> QueryResult<()>;
    #[cfg(feature = "postgres_backend")]
    fn postgres<'b>(&'b self, out: AstPass<'_, 'b, diesel::pg::Pg>) -> QueryResult<()>;
    #[cfg(feature = "mysql_backend")]
    fn mysql<'b>(&'b self, out: AstPass<'_, 'b, diesel::mysql::Mysql>) -> QueryResult<()>;
}

impl<T: on::Sqlite + on::Postgres + on::Mysql + Send + Sync> Every for T {
    #[cfg(feature = "sqlite")]
    fn sqlite<'b>(&'b self, out: AstPass<'_, 'b, diesel::sqlite::Sqlite>) -> QueryResult<()> {
        self.walk_ast(out)
    }
    #[cfg(feature = "postgres_backend")]
    fn postgres<'b>(&'b self, out: AstPass<'_, 'b, diesel::pg::Pg>) -> QueryResult<()> {
        self.walk_ast(out)
    }
    #[cfg(feature = "mysql_backend")]
    fn mysql<'b>(&'b self, out: AstPass<'_, 'b, diesel::mysql::Mysql>) -> QueryResult<()> {
        self.walk_ast(out)
    }
}

/// What a fragment has to be on each engine that there is; nothing on the others.
mod on {
    macro_rules! engines {
        ($($feature:literal $engine:ident: $backend:ty;)*) => { $(
            #[cfg(feature = $feature)]
            pub trait $engine: diesel::query_builder::QueryFragment<$backend> {}
            #[cfg(feature = $feature)]
            impl<T: diesel::query_builder::QueryFragment<$backend>> $engine for T {}
            #[cfg(not(feature = $feature))]
            pub trait $engine {}
            #[cfg(not(feature = $feature))]
            impl<T> $engine for T {}
        )* };
    }
    engines! {
        "sqlite" Sqlite: diesel::sqlite::Sqlite;
        "postgres_backend" Postgres: diesel::pg::Pg;
        "mysql_backend" Mysql: diesel::mysql::Mysql;
    }
}

/// What is made for one engine met a connection of another one; not reached from
/// outside, where models and connections have their engine in their types.
pub(crate) fn other_engine() -> diesel::result::Error {
    diesel::result::Error::QueryBuilderError("a statement of another engine".into())
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
    ($time:ty, $variant:ident, $every:ident) => {
        fn bind_number<'b>(number: &'b i64, out: &mut AstPass<'_, 'b, Self>) -> QueryResult<()> {
            out.push_bind_param::<BigInt, _>(number)
        }
        fn bind_time<'b>(time: &'b BoundTime, out: &mut AstPass<'_, 'b, Self>) -> QueryResult<()> {
            out.push_bind_param::<$time, _>(time.on(Self::KIND))
        }
        fn bind_integer<'b>(
            number: &'b Option<i64>,
            out: &mut AstPass<'_, 'b, Self>,
        ) -> QueryResult<()> {
            out.push_bind_param::<Nullable<BigInt>, _>(number)
        }
        fn bind_text<'b>(
            text: &'b Option<Cow<'_, str>>,
            out: &mut AstPass<'_, 'b, Self>,
        ) -> QueryResult<()> {
            out.push_bind_param::<Nullable<Text>, _>(text)
        }
        fn typed<'a>(fragment: Box<Fragment<'a, Self>>) -> Typed<'a> {
            Typed::$variant(fragment)
        }
        fn own<'a, 'b>(typed: &'b Typed<'a>) -> QueryResult<&'b Fragment<'a, Self>> {
            match typed {
                Typed::$variant(fragment) => Ok(fragment),
                #[allow(unreachable_patterns)]
                _ => Err(other_engine()),
            }
        }
        fn every<'b>(fragment: &'b dyn Every, out: AstPass<'_, 'b, Self>) -> QueryResult<()> {
            fragment.$every(out)
        }
        fn row<'r>(row: &AnyRow<'r>) -> QueryResult<&'r DynRow<'r, Self>> {
            match row {
                AnyRow::$variant(row) => Ok(*row),
                #[allow(unreachable_patterns)]
                _ => Err(other_engine()),
            }
        }
    };
}

#[cfg(feature = "sqlite")]
impl Engine for diesel::sqlite::Sqlite {
    const KIND: Kind = Kind::Sqlite;
    binds!(diesel::sql_types::Timestamp, Sqlite, sqlite);
}

#[cfg(feature = "postgres_backend")]
impl Engine for diesel::pg::Pg {
    const KIND: Kind = Kind::Postgres;
    binds!(diesel::sql_types::Timestamp, Postgres, postgres);
}

#[cfg(feature = "mysql_backend")]
impl Engine for diesel::mysql::Mysql {
    const KIND: Kind = Kind::Mysql;
    // A parameter of the type TIMESTAMP is an instant of the session's zone, and
    // only of the years 1970 to 2038.
    binds!(diesel::sql_types::Datetime, Mysql, mysql);
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
