//! Connections, and what runs on them.
//!
//! A [`Session`] is a connection without its type: statements in, rows out, and
//! transactions. What needs no more than that is compiled once, in this crate,
//! whatever connections a program has. [`Executor`] is what users see of it: on
//! a synchronous connection an operation gives its value, on an asynchronous one
//! a future.
//!
//! On a synchronous connection every step is finished when it returns, so the
//! future of an operation is ready at its first poll.

pub(crate) mod absent;
mod cells;
mod decode;
mod isolation;
mod lost;
mod step;
mod transaction;

#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod blocking;
#[cfg(all(
    feature = "deadpool",
    any(
        feature = "sqlite",
        feature = "postgres_backend",
        feature = "mysql_backend"
    )
))]
mod guard;
#[cfg(all(
    feature = "async",
    any(
        feature = "sqlite",
        feature = "postgres_backend",
        feature = "mysql_backend"
    )
))]
mod nonblocking;

#[doc(hidden)]
pub use cells::Head;
pub(crate) use cells::{Cell, FromCells, cells_after, names};
pub(crate) use isolation::Isolation;
pub(crate) use lost::after_failure;
// Unused in a build without any connection.
#[doc(hidden)]
pub use crate::engine::row::{AnyRow, Cells, DynRow};
#[allow(unused_imports)]
use lost::judged;
pub use lost::recover;
#[doc(hidden)]
pub use step::Step;
#[cfg(any(
    feature = "sqlite",
    feature = "postgres",
    feature = "mysql",
    feature = "redis"
))]
pub(crate) use step::ready;
pub(crate) use transaction::{Transaction, abandon};

use crate::engine::{Engine, Kind};
use crate::sql::{Raw, Sql};
use diesel::connection::TransactionManagerStatus;
use diesel::deserialize::FromSqlRow;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use std::future::Future;
use std::pin::Pin;

/// A future of something of which the type is not known.
#[doc(hidden)]
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What takes the rows of a query, one by one.
pub(crate) type EachRow<'a> = dyn FnMut(&AnyRow<'_>) -> QueryResult<()> + Send + 'a;

/// A connection without its type.
#[doc(hidden)]
pub trait Session: Send {
    /// The engine behind it.
    fn kind(&self) -> Kind;

    /// The connection as a session; a connection whose type is known is one, too.
    fn session(&mut self) -> &mut dyn Session;

    /// The connection, for code that knows its type.
    fn any(&mut self) -> &mut dyn std::any::Any;

    /// Executes a statement and gives the number of rows.
    fn execute<'a>(&'a mut self, statement: Sql<'a>) -> Step<'a, QueryResult<usize>>;

    /// Gives each row of a query to `row`.
    fn each<'a>(
        &'a mut self,
        query: Sql<'a>,
        row: &'a mut EachRow<'a>,
    ) -> Step<'a, QueryResult<()>>;

    /// Executes SQL text that may hold several statements.
    fn batch<'a>(&'a mut self, sql: &'a Raw) -> Step<'a, QueryResult<()>>;

    /// The same, whatever state the connection is in.
    fn raw<'a>(&'a mut self, sql: &'a Raw) -> Step<'a, QueryResult<()>>;

    /// Opens a transaction, or a savepoint inside one.
    fn begin(&mut self) -> Step<'_, QueryResult<()>>;
    /// Opens a transaction inside of no other one, together with the statements of
    /// `sql`, which begins with `BEGIN`: all are sent at once. If it fails, the
    /// database may have opened it nevertheless, and Diesel knows of none.
    fn begin_with<'a>(&'a mut self, sql: &'a Raw) -> Step<'a, QueryResult<()>>;
    /// Commits the innermost transaction or savepoint.
    fn commit(&mut self) -> Step<'_, QueryResult<()>>;
    /// Rolls back the innermost transaction or savepoint.
    fn rollback(&mut self) -> Step<'_, QueryResult<()>>;
    /// Ends a transaction of ours that was abandoned, and those of others in it;
    /// `outer` were open around it. A synchronous connection rolls back. An
    /// asynchronous one does so without waiting, where the
    /// protocol allows it, and is marked as broken: handleref and `transaction`
    /// refuse it from now on, and a pool drops it.
    fn abandon(&mut self, outer: u32);
    /// What Diesel knows about transactions.
    fn status(&mut self) -> &mut TransactionManagerStatus;
    /// How many transactions and savepoints are open.
    ///
    /// # Errors
    /// `BrokenTransactionManager` after [`abandon`](Session::abandon), or if the
    /// database has rolled back the transaction.
    fn depth(&mut self) -> QueryResult<u32> {
        Ok(self.status().transaction_depth()?.map_or(0, Into::into))
    }
    /// Whether a transaction is open.
    fn in_transaction(&mut self) -> bool {
        matches!(self.status().transaction_depth(), Ok(Some(_)))
    }
    /// # Errors
    /// As those of [`depth`](Session::depth).
    fn usable(&mut self) -> QueryResult<()> {
        self.status().transaction_depth().map(drop)
    }
}

impl dyn Session + '_ {
    /// The rows of a query, as tuples.
    pub(crate) async fn rows<T: FromCells>(&mut self, query: Sql<'_>) -> QueryResult<Vec<T>> {
        let mut rows = Vec::new();
        self.each(query, &mut |row: &AnyRow<'_>| {
            rows.push(Head::of(row, row.count())?.read()?);
            Ok(())
        })
        .await?;
        Ok(rows)
    }

    /// The first row of a query, if there is one.
    pub(crate) async fn first<T: FromCells>(&mut self, query: Sql<'_>) -> QueryResult<Option<T>> {
        Ok(self.rows(query).await?.into_iter().next())
    }

    /// The row of a query that has one.
    pub(crate) async fn one<T: FromCells>(&mut self, query: Sql<'_>) -> QueryResult<T> {
        let row = self.first(query).await?;
        row.ok_or(diesel::result::Error::NotFound)
    }

    /// The rows of a query as Diesel reads them, on its own engine.
    pub(crate) async fn typed<DB, ST, U>(&mut self, query: Sql<'_>) -> QueryResult<Vec<U>>
    where
        DB: Engine,
        U: FromSqlRow<ST, DB> + Send,
    {
        let mut rows = Vec::new();
        self.each(query, &mut |row: &AnyRow<'_>| {
            rows.push(row.read::<DB, ST, U>()?);
            Ok(())
        })
        .await?;
        Ok(rows)
    }
}

/// Executes an `INSERT` of one row, and gives its `id`.
pub(crate) async fn insert(conn: &mut dyn Session, sql: Sql<'_>) -> QueryResult<i64> {
    let (id,) = if conn.kind() == Kind::Mysql {
        conn.execute(sql).await?;
        conn.one(Sql::new("SELECT CAST(LAST_INSERT_ID() AS SIGNED)"))
            .await?
    } else {
        conn.one(sql.sql(" RETURNING id")).await?
    };
    Ok(id)
}

/// A connection that handleref can run on.
///
/// Implemented for `SqliteConnection`, `PgConnection`, `MysqlConnection`, the
/// pooled connections of `diesel::r2d2` (feature `r2d2`) and, with the feature
/// `async`, for `AsyncPgConnection`, `AsyncMysqlConnection` and
/// `SyncConnectionWrapper<SqliteConnection>`, and for what diesel-async's pool of
/// `deadpool` hands out (feature `deadpool`). Other pools hand out a guard that
/// dereferences to one of these: pass `&mut *guard`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a connection that handleref can run on",
    label = "not a known connection",
    note = "if it is the guard of a connection pool, pass `&mut *guard`",
    note = "connections need their feature: `sqlite`, `postgres`, `mysql`, and `async` for those of diesel-async"
)]
pub trait Executor: Session + Sized + 'static {
    /// The engine behind the connection.
    type Engine: Engine;

    /// [`Synchronous`] or [`Asynchronous`].
    type Mode;

    /// What a method returns that produces a `T`: on a synchronous connection
    /// the `T`, on an asynchronous one a future of it.
    type Output<'a, T: 'a>
    where
        Self: 'a;

    /// Runs an operation of several steps: at once on a synchronous connection, where
    /// each of its steps must be one of handleref's ([`wait`](Executor::wait)); else as
    /// the future that is returned.
    fn run<'a, T, F>(operation: F) -> Self::Output<'a, T>
    where
        Self: 'a,
        T: Send + 'a,
        F: Future<Output = T> + Send + 'a;

    /// Runs an operation that is boxed already, as one is that is compiled here.
    #[doc(hidden)]
    fn finish<'a, T>(operation: Boxed<'a, T>) -> Self::Output<'a, T>
    where
        Self: 'a,
        T: Send + 'a;

    /// An output as a future, for one step of an operation that [`run`](Executor::run)
    /// runs; on a synchronous connection it is there at once.
    fn wait<'a, T>(output: Self::Output<'a, T>) -> impl Future<Output = T> + Send + 'a
    where
        Self: 'a,
        T: Send + 'a;
}

/// How synchronous connections are used: a method gives its value.
#[derive(Debug, Clone, Copy)]
pub enum Synchronous {}

/// How asynchronous connections are used: a method gives a future.
#[derive(Debug, Clone, Copy)]
pub enum Asynchronous {}

/// A way of using connections that goes together with another one: the same.
#[diagnostic::on_unimplemented(
    message = "one of the connections is synchronous, the other one asynchronous",
    label = "this one is `{Self}`, the other one `{Other}`",
    note = "take both from Diesel, or both from diesel-async (for SQLite `SyncConnectionWrapper<SqliteConnection>`)"
)]
pub trait SameMode<Other> {}
impl SameMode<Self> for Synchronous {}
impl SameMode<Self> for Asynchronous {}

/// A fragment as a query of columns whose types the reader knows.
// Unused in a build without any connection.
#[allow(dead_code)]
pub(crate) struct Rows<Q>(pub(crate) Q);

impl<Q> Query for Rows<Q> {
    type SqlType = diesel::sql_types::Untyped;
}
impl<Q: QueryId> QueryId for Rows<Q> {
    type QueryId = Q::QueryId;
    const HAS_STATIC_QUERY_ID: bool = Q::HAS_STATIC_QUERY_ID;
}
impl<Q: QueryFragment<DB>, DB: Engine> QueryFragment<DB> for Rows<Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }
}
