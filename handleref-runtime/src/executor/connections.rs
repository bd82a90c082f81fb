//! The connections.

use super::{Executor, Rows, Steps, Texts};
use diesel::connection::LoadConnection;
use diesel::deserialize::FromSqlRow;
use diesel::query_builder::{QueryFragment, QueryId};
use diesel::result::{Error, QueryResult};
use diesel::sql_types::{BigInt, Nullable, Text};
use std::future::Future;

/// The value of a future that never waits.
fn ready<T>(operation: impl Future<Output = T>) -> T {
    let mut operation = std::pin::pin!(operation);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match operation.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        // Every step of a synchronous connection is done when it returns.
        std::task::Poll::Pending => unreachable!("a synchronous step waited"),
    }
}

/// Loads whose types every engine knows; only here the engine is concrete.
macro_rules! typed_loads {
    () => {
        async fn numbers<'a, Q>(&'a mut self, query: Q) -> QueryResult<Vec<(i64, i64)>>
        where
            Q: QueryFragment<Self::Backend> + QueryId + Send + 'a,
        {
            Steps::load::<(BigInt, BigInt), (i64, i64), Q>(self, query).await
        }

        async fn texts<'a, Q>(&'a mut self, query: Q) -> QueryResult<Vec<Texts>>
        where
            Q: QueryFragment<Self::Backend> + QueryId + Send + 'a,
        {
            type Text4 = (
                Nullable<Text>,
                Nullable<Text>,
                Nullable<Text>,
                Nullable<Text>,
            );
            Steps::load::<Text4, Texts, Q>(self, query).await
        }
    };
}

macro_rules! synchronous {
    ($([$($param:tt)*])? $conn:ty, $backend:ty $(where $($bounds:tt)*)?) => {
        impl<$($($param)*)?> Executor for $conn $(where $($bounds)*)? {
            type Output<'a, T: 'a> = T where Self: 'a;

            fn run<'a, T, F>(operation: F) -> T
            where
                Self: 'a,
                T: Send + 'a,
                F: Future<Output = T> + Send + 'a,
            {
                ready(operation)
            }

            fn wait<'a, T>(output: T) -> impl Future<Output = T> + Send + 'a
            where
                Self: 'a,
                T: Send + 'a,
            {
                std::future::ready(output)
            }
        }

        impl<$($($param)*)?> Steps for $conn $(where $($bounds)*)? {
            type Backend = $backend;

            async fn execute<'a, Q>(&'a mut self, statement: Q) -> QueryResult<usize>
            where
                Q: QueryFragment<Self::Backend> + QueryId + Send + 'a,
            {
                diesel::Connection::execute_returning_count(self, &statement)
            }

            async fn load<'a, ST, U, Q>(&'a mut self, query: Q) -> QueryResult<Vec<U>>
            where
                Q: QueryFragment<Self::Backend> + QueryId + Send + 'a,
                U: FromSqlRow<ST, Self::Backend> + Send + 'static,
                ST: 'static,
            {
                LoadConnection::<diesel::connection::DefaultLoadingMode>::load(self, Rows(query))?
                    .map(|row| U::build_from_row(&row?).map_err(Error::DeserializationError))
                    .collect()
            }

            typed_loads!();

            async fn batch<'a>(&'a mut self, sql: &'a str) -> QueryResult<()> {
                diesel::connection::SimpleConnection::batch_execute(self, sql)
            }

            async fn begin(&mut self) -> QueryResult<()> {
                <<Self as diesel::Connection>::TransactionManager as diesel::connection::TransactionManager<Self>>::begin_transaction(self)
            }

            async fn commit(&mut self) -> QueryResult<()> {
                <<Self as diesel::Connection>::TransactionManager as diesel::connection::TransactionManager<Self>>::commit_transaction(self)
            }

            async fn rollback(&mut self) -> QueryResult<()> {
                <<Self as diesel::Connection>::TransactionManager as diesel::connection::TransactionManager<Self>>::rollback_transaction(self)
            }

            fn abandon(&mut self) {
                <<Self as diesel::Connection>::TransactionManager as diesel::connection::TransactionManager<Self>>::transaction_manager_status_mut(self).set_in_error();
            }

            fn usable(&mut self) -> QueryResult<()> {
                // Nothing is abandoned where nothing waits.
                Ok(())
            }
        }
    };
}

#[cfg(feature = "sqlite")]
synchronous!(diesel::SqliteConnection, diesel::sqlite::Sqlite);
#[cfg(feature = "postgres")]
synchronous!(diesel::PgConnection, diesel::pg::Pg);
#[cfg(feature = "mysql")]
synchronous!(diesel::MysqlConnection, diesel::mysql::Mysql);

#[cfg(all(feature = "r2d2", feature = "sqlite"))]
synchronous!(
    diesel::r2d2::PooledConnection<diesel::r2d2::ConnectionManager<diesel::SqliteConnection>>,
    diesel::sqlite::Sqlite
);
#[cfg(all(feature = "r2d2", feature = "postgres"))]
synchronous!(
    diesel::r2d2::PooledConnection<diesel::r2d2::ConnectionManager<diesel::PgConnection>>,
    diesel::pg::Pg
);
#[cfg(all(feature = "r2d2", feature = "mysql"))]
synchronous!(
    diesel::r2d2::PooledConnection<diesel::r2d2::ConnectionManager<diesel::MysqlConnection>>,
    diesel::mysql::Mysql
);

#[cfg(feature = "async")]
macro_rules! asynchronous {
    ($conn:ty, $backend:ty, $rollback:expr) => {
        impl Executor for $conn {
            type Output<'a, T: 'a> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

            fn run<'a, T, F>(operation: F) -> Self::Output<'a, T>
            where
                T: Send + 'a,
                F: Future<Output = T> + Send + 'a,
            {
                Box::pin(operation)
            }

            fn wait<'a, T>(output: Self::Output<'a, T>) -> impl Future<Output = T> + Send + 'a
            where
                T: Send + 'a,
            {
                output
            }
        }

        impl Steps for $conn {
            type Backend = $backend;

            async fn execute<'a, Q>(&'a mut self, statement: Q) -> QueryResult<usize>
            where
                Q: QueryFragment<Self::Backend> + QueryId + Send + 'a,
            {
                self.usable()?;
                diesel_async::AsyncConnectionCore::execute_returning_count(self, statement).await
            }

            async fn load<'a, ST, U, Q>(&'a mut self, query: Q) -> QueryResult<Vec<U>>
            where
                Q: QueryFragment<Self::Backend> + QueryId + Send + 'a,
                U: FromSqlRow<ST, Self::Backend> + Send + 'static,
                ST: 'static,
            {
                use futures_util::TryStreamExt;
                self.usable()?;
                let rows = diesel_async::AsyncConnectionCore::load(self, Rows(query)).await?;
                rows.and_then(|row| std::future::ready(U::build_from_row(&row).map_err(Error::DeserializationError)))
                    .try_collect()
                    .await
            }

            typed_loads!();

            async fn batch<'a>(&'a mut self, sql: &'a str) -> QueryResult<()> {
                self.usable()?;
                diesel_async::SimpleAsyncConnection::batch_execute(self, sql).await
            }

            async fn begin(&mut self) -> QueryResult<()> {
                <<Self as diesel_async::AsyncConnection>::TransactionManager as diesel_async::TransactionManager<Self>>::begin_transaction(self).await
            }

            async fn commit(&mut self) -> QueryResult<()> {
                <<Self as diesel_async::AsyncConnection>::TransactionManager as diesel_async::TransactionManager<Self>>::commit_transaction(self).await
            }

            async fn rollback(&mut self) -> QueryResult<()> {
                <<Self as diesel_async::AsyncConnection>::TransactionManager as diesel_async::TransactionManager<Self>>::rollback_transaction(self).await
            }

            fn abandon(&mut self) {
                let rollback: fn(&mut Self) = $rollback;
                rollback(self);
                <<Self as diesel_async::AsyncConnection>::TransactionManager as diesel_async::TransactionManager<Self>>::transaction_manager_status_mut(self).set_in_error();
            }

            fn usable(&mut self) -> QueryResult<()> {
                <<Self as diesel_async::AsyncConnection>::TransactionManager as diesel_async::TransactionManager<Self>>::transaction_manager_status_mut(self).transaction_depth().map(drop)
            }
        }
    };
}

#[cfg(all(feature = "async", feature = "postgres_backend"))]
asynchronous!(diesel_async::AsyncPgConnection, diesel::pg::Pg, |conn| {
    // The connection sends what it is given, in order: the first poll hands it
    // over, and nobody needs to wait for the answer.
    let mut rollback = std::pin::pin!(diesel_async::SimpleAsyncConnection::batch_execute(
        conn, "ROLLBACK"
    ));
    let _ = rollback
        .as_mut()
        .poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
});
#[cfg(all(feature = "async", feature = "mysql_backend"))]
// MySQL's protocol takes no second command before the first is answered, so
// the transaction stays open until the connection is dropped.
asynchronous!(
    diesel_async::AsyncMysqlConnection,
    diesel::mysql::Mysql,
    |_| ()
);
#[cfg(all(feature = "async", feature = "sqlite"))]
asynchronous!(
    diesel_async::sync_connection_wrapper::SyncConnectionWrapper<diesel::SqliteConnection>,
    diesel::sqlite::Sqlite,
    // A task that rolls back would have to be waited for, which panics on a
    // current-thread runtime.
    |_| ()
);
