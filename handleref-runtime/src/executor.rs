//! One logic, two executors: operations of several steps are written once, as
//! futures over [`Steps`], and run on synchronous and asynchronous connections.
//!
//! On a synchronous connection every step is finished when it returns, so the
//! whole future is ready at the first poll and the method gives its value. On
//! an asynchronous one the method gives a boxed future.

use crate::engine::Engine;
use diesel::connection::TransactionManagerStatus;
use diesel::deserialize::FromSqlRow;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use std::future::Future;

#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod blocking;
#[cfg(all(
    feature = "async",
    any(
        feature = "sqlite",
        feature = "postgres_backend",
        feature = "mysql_backend"
    )
))]
mod nonblocking;

mod lost;

pub(crate) use lost::after_failure;
// Unused in a build without any connection.
#[allow(unused_imports)]
use lost::judged;
pub use lost::recover;

/// A connection that handleref can run on.
///
/// Implemented for `SqliteConnection`, `PgConnection`, `MysqlConnection`, the
/// pooled connections of `diesel::r2d2` (feature `r2d2`) and, with the feature
/// `async`, for `AsyncPgConnection`, `AsyncMysqlConnection` and
/// `SyncConnectionWrapper<SqliteConnection>`. Other pools hand out a guard that
/// dereferences to one of these: pass `&mut *guard`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a connection that handleref can run on",
    label = "not a known connection",
    note = "if it is the guard of a connection pool, pass `&mut *guard`",
    note = "connections need their feature: `sqlite`, `postgres`, `mysql`, and `async` for those of diesel-async"
)]
pub trait Executor: Steps {
    /// [`Synchronous`] or [`Asynchronous`].
    type Mode;

    /// What a method returns that produces a `T`: on a synchronous connection
    /// the `T`, on an asynchronous one a future of it.
    type Output<'a, T: 'a>
    where
        Self: 'a;

    /// Runs `operation`.
    #[doc(hidden)]
    fn run<'a, T, F>(operation: F) -> Self::Output<'a, T>
    where
        Self: 'a,
        T: Send + 'a,
        F: Future<Output = T> + Send + 'a;

    /// The future behind an output; the inverse of [`run`](Executor::run).
    #[doc(hidden)]
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

/// A row of four nullable texts.
#[doc(hidden)]
pub type Texts = (
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
);

/// A row of ten nullable texts.
#[doc(hidden)]
pub type Wide = [Option<String>; 10];

/// The steps that operations are made of.
#[doc(hidden)]
pub trait Steps: Send + Sized {
    /// The engine behind the connection.
    type Backend: Engine;

    /// Executes a statement and gives the number of rows.
    fn execute<'a, Q>(
        &'a mut self,
        statement: Q,
    ) -> impl Future<Output = QueryResult<usize>> + Send
    where
        Q: QueryFragment<Self::Backend> + QueryId + Send + 'a;

    /// Loads all rows of a query whose columns have the SQL types `ST`.
    fn load<'a, ST, U, Q>(
        &'a mut self,
        query: Q,
    ) -> impl Future<Output = QueryResult<Vec<U>>> + Send
    where
        Q: QueryFragment<Self::Backend> + QueryId + Send + 'a,
        U: FromSqlRow<ST, Self::Backend> + Send + 'static,
        ST: 'static;

    /// Loads rows of two integers.
    fn numbers<'a, Q>(
        &'a mut self,
        query: Q,
    ) -> impl Future<Output = QueryResult<Vec<(i64, i64)>>> + Send
    where
        Q: QueryFragment<Self::Backend> + QueryId + Send + 'a;

    /// Loads rows of four nullable texts.
    fn texts<'a, Q>(&'a mut self, query: Q) -> impl Future<Output = QueryResult<Vec<Texts>>> + Send
    where
        Q: QueryFragment<Self::Backend> + QueryId + Send + 'a;

    /// Loads rows of ten nullable texts.
    fn wide<'a, Q>(&'a mut self, query: Q) -> impl Future<Output = QueryResult<Vec<Wide>>> + Send
    where
        Q: QueryFragment<Self::Backend> + QueryId + Send + 'a;

    /// Executes SQL text that may hold several statements.
    fn batch<'a>(&'a mut self, sql: &'a str) -> impl Future<Output = QueryResult<()>> + Send;

    /// The same, whatever state the connection is in.
    fn raw<'a>(&'a mut self, sql: &'a str) -> impl Future<Output = QueryResult<()>> + Send;

    /// Opens a transaction, or a savepoint inside one.
    fn begin(&mut self) -> impl Future<Output = QueryResult<()>> + Send;
    /// Commits the innermost transaction or savepoint.
    fn commit(&mut self) -> impl Future<Output = QueryResult<()>> + Send;
    /// Rolls back the innermost transaction or savepoint.
    fn rollback(&mut self) -> impl Future<Output = QueryResult<()>> + Send;
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
    /// `BrokenTransactionManager` after [`abandon`](Steps::abandon), or if the
    /// database has rolled back the transaction.
    fn depth(&mut self) -> QueryResult<u32> {
        Ok(self.status().transaction_depth()?.map_or(0, Into::into))
    }
    /// Whether a transaction is open.
    fn in_transaction(&mut self) -> bool {
        matches!(self.status().transaction_depth(), Ok(Some(_)))
    }
    /// # Errors
    /// As those of [`depth`](Steps::depth).
    fn usable(&mut self) -> QueryResult<()> {
        self.status().transaction_depth().map(drop)
    }
}

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

/// An open transaction that is not finished yet. If it is dropped (because the
/// future was, or a hook panicked), it is [abandoned](Steps::abandon): nothing
/// can be awaited any more, and nobody must work on in it by mistake.
pub(crate) struct Transaction<'a, E: Steps> {
    conn: &'a mut E,
    /// How many transactions are around it.
    outer: u32,
    open: bool,
}

impl<'a, E: Steps> Transaction<'a, E> {
    pub(crate) async fn begin(conn: &'a mut E) -> QueryResult<Self> {
        // Armed before the first await: BEGIN may reach the server even if
        // nobody waits for its answer.
        let outer = conn.depth()?;
        let mut this = Self {
            conn,
            outer,
            open: true,
        };
        let begun = this.conn.begin().await;
        this.open = begun.is_ok();
        begun.map(|()| this)
    }

    /// The connection inside the transaction.
    pub(crate) fn conn(&mut self) -> &mut E {
        self.conn
    }

    /// Commits if `result` is good and rolls back otherwise.
    pub(crate) async fn finish<T, R: From<diesel::result::Error>>(
        mut self,
        result: Result<T, R>,
    ) -> Result<T, R> {
        let ended = match result {
            Ok(value) => match self.conn.commit().await {
                Ok(()) => Ok(value),
                Err(error) => {
                    after_failure(self.conn, self.outer, false).await;
                    Err(error.into())
                }
            },
            // The first error says more than that its savepoint is gone.
            Err(error) => {
                let rolled_back = self.conn.rollback().await;
                after_failure(self.conn, self.outer, rolled_back.is_ok()).await;
                Err(error)
            }
        };
        self.open = false;
        ended
    }
}

impl<E: Steps> Drop for Transaction<'_, E> {
    fn drop(&mut self) {
        if self.open {
            self.conn.abandon(self.outer);
        }
    }
}

#[cfg(any(
    feature = "sqlite",
    feature = "postgres",
    feature = "mysql",
    feature = "redis"
))]
/// The value of a future that never waits.
pub(crate) fn ready<T>(operation: impl Future<Output = T>) -> T {
    let mut operation = std::pin::pin!(operation);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match operation.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        // Every step of a synchronous connection is done when it returns.
        std::task::Poll::Pending => unreachable!("a synchronous step waited"),
    }
}

/// Loads whose types every engine knows; only here the engine is concrete.
#[allow(unused_macros)]
macro_rules! typed_loads {
    () => {
        async fn numbers<'a, Q>(&'a mut self, query: Q) -> QueryResult<Vec<(i64, i64)>>
        where
            Q: QueryFragment<Self::Backend> + QueryId + Send + 'a,
        {
            Steps::load::<(diesel::sql_types::BigInt, diesel::sql_types::BigInt), (i64, i64), Q>(
                self, query,
            )
            .await
        }

        async fn texts<'a, Q>(&'a mut self, query: Q) -> QueryResult<Vec<Texts>>
        where
            Q: QueryFragment<Self::Backend> + QueryId + Send + 'a,
        {
            type Text = diesel::sql_types::Nullable<diesel::sql_types::Text>;
            type Text4 = (Text, Text, Text, Text);
            Steps::load::<Text4, Texts, Q>(self, query).await
        }

        async fn wide<'a, Q>(&'a mut self, query: Q) -> QueryResult<Vec<super::Wide>>
        where
            Q: QueryFragment<Self::Backend> + QueryId + Send + 'a,
        {
            type Sql = diesel::sql_types::Nullable<diesel::sql_types::Text>;
            type Sql10 = (Sql, Sql, Sql, Sql, Sql, Sql, Sql, Sql, Sql, Sql);
            type Text = Option<String>;
            type Text10 = (Text, Text, Text, Text, Text, Text, Text, Text, Text, Text);
            let rows = Steps::load::<Sql10, Text10, Q>(self, query).await?;
            Ok(rows.into_iter().map(super::Wide::from).collect())
        }
    };
}
#[allow(unused_imports)]
use typed_loads;
