//! Synchronous connections.

use super::{Executor, Rows, Steps, Texts, judged, ready, typed_loads};
use diesel::connection::LoadConnection;
use diesel::connection::TransactionManagerStatus;
use diesel::deserialize::FromSqlRow;
use diesel::query_builder::{QueryFragment, QueryId};
use diesel::result::{Error, QueryResult};
use std::future::Future;

macro_rules! synchronous {
    ($([$($param:tt)*])? $conn:ty, $backend:ty $(where $($bounds:tt)*)?) => {
        impl<$($($param)*)?> Executor for $conn $(where $($bounds)*)? {
            type Mode = super::Synchronous;
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
                self.usable()?;
                let result = diesel::Connection::execute_returning_count(self, &statement);
                judged(self, result).await
            }

            async fn load<'a, ST, U, Q>(&'a mut self, query: Q) -> QueryResult<Vec<U>>
            where
                Q: QueryFragment<Self::Backend> + QueryId + Send + 'a,
                U: FromSqlRow<ST, Self::Backend> + Send + 'static,
                ST: 'static,
            {
                self.usable()?;
                let result = LoadConnection::<diesel::connection::DefaultLoadingMode>::load(self, Rows(query))
                    .and_then(|rows| {
                        rows.map(|row| U::build_from_row(&row?).map_err(Error::DeserializationError))
                            .collect()
                    });
                judged(self, result).await
            }

            typed_loads!();

            async fn batch<'a>(&'a mut self, sql: &'a str) -> QueryResult<()> {
                self.usable()?;
                let result = diesel::connection::SimpleConnection::batch_execute(self, sql);
                judged(self, result).await
            }

            async fn raw<'a>(&'a mut self, sql: &'a str) -> QueryResult<()> {
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

            fn abandon(&mut self, outer: u32) {
                // Only a panic (in a hook or a closure) comes here. It may have
                // left transactions of Diesel open, which knows of no panics.
                while self.depth().is_ok_and(|depth| depth > outer) {
                    if ready(self.rollback()).is_err() {
                        self.status().set_in_error();
                    }
                }
            }

            fn status(&mut self) -> &mut TransactionManagerStatus {
                <<Self as diesel::Connection>::TransactionManager as diesel::connection::TransactionManager<Self>>::transaction_manager_status_mut(self)
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
