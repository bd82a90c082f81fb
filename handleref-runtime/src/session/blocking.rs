//! Synchronous connections.

use super::{AnyRow, Boxed, EachRow, Executor, Rows, Session, Step, judged, ready};
use crate::engine::row::DieselRow;
use crate::engine::{Engine, Kind};
use crate::sql::{Raw, Sql};
use diesel::connection::LoadConnection;
use diesel::connection::TransactionManagerStatus;
use diesel::result::QueryResult;
use std::future::Future;

/// A result, of which an error is looked at.
fn seen<'a, T>(conn: &mut dyn Session, result: QueryResult<T>) -> Step<'a, QueryResult<T>> {
    Step::done(match result {
        Ok(value) => Ok(value),
        Err(error) => ready(judged(conn, Err(error))),
    })
}

macro_rules! synchronous {
    ($conn:ty, $inner:ty, $backend:ty, $variant:ident) => {
        impl Executor for $conn {
            type Engine = $backend;
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

            fn finish<'a, T>(operation: Boxed<'a, T>) -> T
            where
                Self: 'a,
                T: Send + 'a,
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

        impl Session for $conn {
            fn kind(&self) -> Kind {
                <$backend as Engine>::KIND
            }

            fn session(&mut self) -> &mut dyn Session {
                self
            }

            fn any(&mut self) -> &mut dyn std::any::Any {
                self
            }

            fn execute<'a>(&'a mut self, statement: Sql<'a>) -> Step<'a, QueryResult<usize>> {
                let result = self
                    .usable()
                    .and_then(|()| diesel::Connection::execute_returning_count(self, &statement));
                seen(self, result)
            }

            fn each<'a>(
                &'a mut self,
                query: Sql<'a>,
                row: &'a mut EachRow<'a>,
            ) -> Step<'a, QueryResult<()>> {
                let result = self.usable().and_then(|()| {
                    LoadConnection::<diesel::connection::DefaultLoadingMode>::load(self, Rows(query))
                        .and_then(|mut rows| {
                            rows.try_for_each(|found| row(&AnyRow::$variant(&DieselRow::new(found?))))
                        })
                });
                seen(self, result)
            }

            fn batch<'a>(&'a mut self, sql: &'a Raw) -> Step<'a, QueryResult<()>> {
                let result = self
                    .usable()
                    .and_then(|()| diesel::connection::SimpleConnection::batch_execute(self, sql));
                seen(self, result)
            }

            fn raw<'a>(&'a mut self, sql: &'a Raw) -> Step<'a, QueryResult<()>> {
                Step::done(diesel::connection::SimpleConnection::batch_execute(self, sql))
            }

            fn begin(&mut self) -> Step<'_, QueryResult<()>> {
                Step::done(<<Self as diesel::Connection>::TransactionManager as diesel::connection::TransactionManager<Self>>::begin_transaction(self))
            }

            fn begin_with<'a>(&'a mut self, sql: &'a Raw) -> Step<'a, QueryResult<()>> {
                let inner: &mut $inner = self;
                let result = diesel::connection::AnsiTransactionManager::begin_transaction_sql(inner, sql);
                seen(self, result)
            }

            fn commit(&mut self) -> Step<'_, QueryResult<()>> {
                Step::done(<<Self as diesel::Connection>::TransactionManager as diesel::connection::TransactionManager<Self>>::commit_transaction(self))
            }

            fn rollback(&mut self) -> Step<'_, QueryResult<()>> {
                Step::done(<<Self as diesel::Connection>::TransactionManager as diesel::connection::TransactionManager<Self>>::rollback_transaction(self))
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
synchronous!(
    diesel::SqliteConnection,
    diesel::SqliteConnection,
    diesel::sqlite::Sqlite,
    Sqlite
);
#[cfg(feature = "postgres")]
synchronous!(
    diesel::PgConnection,
    diesel::PgConnection,
    diesel::pg::Pg,
    Postgres
);
#[cfg(feature = "mysql")]
synchronous!(
    diesel::MysqlConnection,
    diesel::MysqlConnection,
    diesel::mysql::Mysql,
    Mysql
);

#[cfg(all(feature = "r2d2", feature = "sqlite"))]
synchronous!(
    diesel::r2d2::PooledConnection<diesel::r2d2::ConnectionManager<diesel::SqliteConnection>>,
    diesel::SqliteConnection,
    diesel::sqlite::Sqlite,
    Sqlite
);
#[cfg(all(feature = "r2d2", feature = "postgres"))]
synchronous!(
    diesel::r2d2::PooledConnection<diesel::r2d2::ConnectionManager<diesel::PgConnection>>,
    diesel::PgConnection,
    diesel::pg::Pg,
    Postgres
);
#[cfg(all(feature = "r2d2", feature = "mysql"))]
synchronous!(
    diesel::r2d2::PooledConnection<diesel::r2d2::ConnectionManager<diesel::MysqlConnection>>,
    diesel::MysqlConnection,
    diesel::mysql::Mysql,
    Mysql
);
