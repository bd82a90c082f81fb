//! Guards of pools, which hand on everything to the connection in them.

use super::{Asynchronous, Boxed, EachRow, Executor, Session, Step};
use crate::engine::Kind;
use crate::sql::{Raw, Sql};
use diesel::connection::TransactionManagerStatus;
use diesel::result::QueryResult;
use diesel_async::pooled_connection::deadpool::Object;
use std::future::Future;

macro_rules! guard {
    ($conn:ty) => {
        impl Executor for Object<$conn> {
            type Engine = <$conn as Executor>::Engine;
            type Mode = Asynchronous;
            type Output<'a, T: 'a> = Boxed<'a, T>;

            fn run<'a, T, F>(operation: F) -> Boxed<'a, T>
            where
                T: Send + 'a,
                F: Future<Output = T> + Send + 'a,
            {
                Box::pin(operation)
            }

            fn finish<'a, T>(operation: Boxed<'a, T>) -> Boxed<'a, T>
            where
                T: Send + 'a,
            {
                operation
            }

            fn wait<'a, T>(output: Boxed<'a, T>) -> impl Future<Output = T> + Send + 'a
            where
                T: Send + 'a,
            {
                output
            }
        }

        impl Session for Object<$conn> {
            fn kind(&self) -> Kind {
                (**self).kind()
            }
            fn session(&mut self) -> &mut dyn Session {
                self
            }
            fn any(&mut self) -> &mut dyn std::any::Any {
                self
            }
            fn execute<'a>(&'a mut self, statement: Sql<'a>) -> Step<'a, QueryResult<usize>> {
                (**self).execute(statement)
            }
            fn each<'a>(
                &'a mut self,
                query: Sql<'a>,
                row: &'a mut EachRow<'a>,
            ) -> Step<'a, QueryResult<()>> {
                (**self).each(query, row)
            }
            fn batch<'a>(&'a mut self, sql: &'a Raw) -> Step<'a, QueryResult<()>> {
                (**self).batch(sql)
            }
            fn raw<'a>(&'a mut self, sql: &'a Raw) -> Step<'a, QueryResult<()>> {
                (**self).raw(sql)
            }
            fn begin(&mut self) -> Step<'_, QueryResult<()>> {
                (**self).begin()
            }
            fn begin_with<'a>(&'a mut self, sql: &'a Raw) -> Step<'a, QueryResult<()>> {
                (**self).begin_with(sql)
            }
            fn commit(&mut self) -> Step<'_, QueryResult<()>> {
                (**self).commit()
            }
            fn rollback(&mut self) -> Step<'_, QueryResult<()>> {
                (**self).rollback()
            }
            fn abandon(&mut self, outer: u32) {
                (**self).abandon(outer);
            }
            fn status(&mut self) -> &mut TransactionManagerStatus {
                (**self).status()
            }
        }
    };
}

#[cfg(feature = "postgres_backend")]
guard!(diesel_async::AsyncPgConnection);
#[cfg(feature = "mysql_backend")]
guard!(diesel_async::AsyncMysqlConnection);
#[cfg(feature = "sqlite")]
guard!(diesel_async::sync_connection_wrapper::SyncConnectionWrapper<diesel::SqliteConnection>);
