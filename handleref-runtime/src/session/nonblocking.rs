//! Connections of diesel-async.

use super::{AnyRow, Boxed, EachRow, Executor, Rows, Session, Step, judged};
use crate::engine::row::DieselRow;
use crate::engine::{Engine, Kind};
use crate::sql::{Raw, Sql};
use diesel::connection::TransactionManagerStatus;
use diesel::result::QueryResult;
use std::future::Future;

/// Begins a transaction by several statements in one text.
#[cfg(any(feature = "postgres_backend", feature = "mysql_backend"))]
async fn at_once<C>(conn: &mut C, sql: &str) -> QueryResult<()>
where
    C: diesel_async::AsyncConnection<TransactionManager = diesel_async::AnsiTransactionManager>,
{
    diesel_async::AnsiTransactionManager::begin_transaction_sql(conn, sql).await
}

/// The same of a connection that has a thread.
#[cfg(feature = "sqlite")]
async fn on_its_thread(
    conn: &mut diesel_async::sync_connection_wrapper::SyncConnectionWrapper<
        diesel::SqliteConnection,
    >,
    sql: &str,
) -> QueryResult<()> {
    use diesel::connection::AnsiTransactionManager;
    let sql = sql.to_owned();
    conn.spawn_blocking(move |conn| AnsiTransactionManager::begin_transaction_sql(conn, &sql))
        .await
}

macro_rules! asynchronous {
    ($conn:ty, $backend:ty, $variant:ident, $begin:path, $rollback:expr) => {
        impl Executor for $conn {
            type Engine = $backend;
            type Mode = super::Asynchronous;
            type Output<'a, T: 'a> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

            fn run<'a, T, F>(operation: F) -> Self::Output<'a, T>
            where
                T: Send + 'a,
                F: Future<Output = T> + Send + 'a,
            {
                Box::pin(operation)
            }

            fn finish<'a, T>(operation: Boxed<'a, T>) -> Self::Output<'a, T>
            where
                T: Send + 'a,
            {
                operation
            }

            fn wait<'a, T>(output: Self::Output<'a, T>) -> impl Future<Output = T> + Send + 'a
            where
                T: Send + 'a,
            {
                output
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
                Step::later(async move {
                    self.usable()?;
                    let result = diesel_async::AsyncConnectionCore::execute_returning_count(self, statement).await;
                    judged(self, result).await
                })
            }

            fn each<'a>(
                &'a mut self,
                query: Sql<'a>,
                row: &'a mut EachRow<'a>,
            ) -> Step<'a, QueryResult<()>> {
                use futures_util::TryStreamExt;
                Step::later(async move {
                    self.usable()?;
                    let result = match diesel_async::AsyncConnectionCore::load(self, Rows(query)).await {
                        Ok(rows) => {
                            rows.try_for_each(|found| {
                                std::future::ready(row(&AnyRow::$variant(&DieselRow::new(found))))
                            })
                            .await
                        }
                        Err(error) => Err(error),
                    };
                    judged(self, result).await
                })
            }

            fn batch<'a>(&'a mut self, sql: &'a Raw) -> Step<'a, QueryResult<()>> {
                Step::later(async move {
                    self.usable()?;
                    let result = diesel_async::SimpleAsyncConnection::batch_execute(self, sql).await;
                    judged(self, result).await
                })
            }

            fn raw<'a>(&'a mut self, sql: &'a Raw) -> Step<'a, QueryResult<()>> {
                Step::later(diesel_async::SimpleAsyncConnection::batch_execute(self, sql))
            }

            fn begin(&mut self) -> Step<'_, QueryResult<()>> {
                Step::later(<<Self as diesel_async::AsyncConnection>::TransactionManager as diesel_async::TransactionManager<Self>>::begin_transaction(self))
            }

            fn begin_with<'a>(&'a mut self, sql: &'a Raw) -> Step<'a, QueryResult<()>> {
                Step::later(async move {
                    let result = $begin(self, sql).await;
                    judged(self, result).await
                })
            }

            fn commit(&mut self) -> Step<'_, QueryResult<()>> {
                Step::later(<<Self as diesel_async::AsyncConnection>::TransactionManager as diesel_async::TransactionManager<Self>>::commit_transaction(self))
            }

            fn rollback(&mut self) -> Step<'_, QueryResult<()>> {
                Step::later(<<Self as diesel_async::AsyncConnection>::TransactionManager as diesel_async::TransactionManager<Self>>::rollback_transaction(self))
            }

            fn abandon(&mut self, _outer: u32) {
                let rollback: fn(&mut Self) = $rollback;
                rollback(self);
                self.status().set_in_error();
            }

            fn status(&mut self) -> &mut TransactionManagerStatus {
                <<Self as diesel_async::AsyncConnection>::TransactionManager as diesel_async::TransactionManager<Self>>::transaction_manager_status_mut(self)
            }
        }
    };
}

#[cfg(feature = "postgres_backend")]
asynchronous!(
    diesel_async::AsyncPgConnection,
    diesel::pg::Pg,
    Postgres,
    at_once,
    |conn| {
        // The connection sends what it is given, in order: the first poll hands it
        // over, and no one needs to wait for the answer.
        let mut rollback = std::pin::pin!(diesel_async::SimpleAsyncConnection::batch_execute(
            conn, "ROLLBACK"
        ));
        let _ = rollback
            .as_mut()
            .poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
    }
);
// A `ROLLBACK` would not do: the client would take the answer to what was dropped
// for its own, and each later one for the one before. So the server is asked to
// end the session, and with it the transaction; a use of the connection
// after that gets the error that it is gone.
#[cfg(feature = "mysql_backend")]
asynchronous!(
    diesel_async::AsyncMysqlConnection,
    diesel::mysql::Mysql,
    Mysql,
    at_once,
    |conn| {
        let mut kill = std::pin::pin!(diesel_async::SimpleAsyncConnection::batch_execute(
            conn,
            "KILL CONNECTION_ID()"
        ));
        let _ = kill
            .as_mut()
            .poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
    }
);
#[cfg(feature = "sqlite")]
asynchronous!(
    diesel_async::sync_connection_wrapper::SyncConnectionWrapper<diesel::SqliteConnection>,
    diesel::sqlite::Sqlite,
    Sqlite,
    on_its_thread,
    |conn| {
        // The lock of the database would stay until the connection is closed.
        // The wrapper has waited for the statement that was dropped; this one
        // runs on a thread of its own and waits for no one. To await it is
        // impossible here, and to block in place is on some runtimes.
        let mut rollback = std::pin::pin!(diesel_async::SimpleAsyncConnection::batch_execute(
            conn, "ROLLBACK"
        ));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        for _ in 0..10_000 {
            if rollback.as_mut().poll(&mut context).is_ready() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_micros(20));
        }
    }
);
