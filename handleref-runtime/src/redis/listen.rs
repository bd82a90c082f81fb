//! Waiting for changes.

use crate::session::Executor;
use diesel::result::QueryResult;
use std::future::Future;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// A connection that a [`Relay`](super::Relay) can wait on: every one that handleref
/// runs on. Those to PostgreSQL can be woken.
pub trait Listen: Executor {
    /// Asks for notifications of records that are written.
    #[doc(hidden)]
    fn listen(&mut self) -> impl Future<Output = QueryResult<()>> + Send {
        std::future::ready(Ok(()))
    }

    /// Waits, at most so long; until it is notified, if it is `listening`.
    #[doc(hidden)]
    fn pause(
        &mut self,
        listening: bool,
        at_most: Duration,
        stop: &Stop,
    ) -> impl Future<Output = QueryResult<()>> + Send;
}

/// Ends a thread.
#[doc(hidden)]
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<(Mutex<bool>, Condvar)>);

impl Stop {
    pub(super) fn stop(&self) {
        let (stopped, wake) = &*self.0;
        *stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        wake.notify_all();
    }

    /// Waits; gives whether it was stopped.
    pub(super) fn wait(&self, at_most: Duration) -> bool {
        let (stopped, wake) = &*self.0;
        let stopped = stopped.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = wake.wait_timeout_while(stopped, at_most, |stopped| !*stopped);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    pub(super) fn is_stopped(&self) -> bool {
        let (stopped, _) = &*self.0;
        *stopped.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(feature = "postgres_backend")]
fn listen_sql() -> String {
    format!("LISTEN {}", crate::facts::CHANNEL)
}

#[allow(unused_macros)]
macro_rules! waits {
    ($conn:ty) => {
        impl Listen for $conn {
            async fn pause(&mut self, _: bool, at_most: Duration, stop: &Stop) -> QueryResult<()> {
                stop.wait(at_most);
                Ok(())
            }
        }
    };
}

#[allow(unused_macros)]
macro_rules! listens {
    ($conn:ty) => {
        impl Listen for $conn {
            async fn listen(&mut self) -> QueryResult<()> {
                diesel::connection::SimpleConnection::batch_execute(self, &listen_sql())
            }

            async fn pause(
                &mut self,
                listening: bool,
                at_most: Duration,
                stop: &Stop,
            ) -> QueryResult<()> {
                // Looks at what came in, which asks no server: libpq cannot wait for it.
                const LOOK: Duration = Duration::from_millis(2);
                let until = std::time::Instant::now() + at_most;
                loop {
                    let mut notified = false;
                    if listening {
                        for one in self.notifications_iter() {
                            one?;
                            notified = true;
                        }
                    }
                    let left = until.saturating_duration_since(std::time::Instant::now());
                    let pause = if listening { LOOK.min(left) } else { left };
                    if notified || left.is_zero() || stop.wait(pause) {
                        return Ok(());
                    }
                }
            }
        }
    };
}

#[cfg(feature = "sqlite")]
waits!(diesel::SqliteConnection);
#[cfg(feature = "mysql")]
waits!(diesel::MysqlConnection);
#[cfg(feature = "postgres")]
listens!(diesel::PgConnection);

#[cfg(all(feature = "r2d2", feature = "sqlite"))]
waits!(diesel::r2d2::PooledConnection<diesel::r2d2::ConnectionManager<diesel::SqliteConnection>>);
#[cfg(all(feature = "r2d2", feature = "mysql"))]
waits!(diesel::r2d2::PooledConnection<diesel::r2d2::ConnectionManager<diesel::MysqlConnection>>);
#[cfg(all(feature = "r2d2", feature = "postgres"))]
listens!(diesel::r2d2::PooledConnection<diesel::r2d2::ConnectionManager<diesel::PgConnection>>);

#[cfg(feature = "async")]
#[allow(unused_macros)]
macro_rules! sleeps {
    ($conn:ty) => {
        impl Listen for $conn {
            async fn pause(&mut self, _: bool, at_most: Duration, _: &Stop) -> QueryResult<()> {
                tokio::time::sleep(at_most).await;
                Ok(())
            }
        }
    };
}

#[cfg(all(feature = "async", feature = "sqlite"))]
sleeps!(diesel_async::sync_connection_wrapper::SyncConnectionWrapper<diesel::SqliteConnection>);
#[cfg(all(feature = "async", feature = "mysql_backend"))]
sleeps!(diesel_async::AsyncMysqlConnection);

#[cfg(all(feature = "async", feature = "postgres_backend"))]
impl Listen for diesel_async::AsyncPgConnection {
    async fn listen(&mut self) -> QueryResult<()> {
        diesel_async::SimpleAsyncConnection::batch_execute(self, &listen_sql()).await
    }

    async fn pause(&mut self, listening: bool, at_most: Duration, _: &Stop) -> QueryResult<()> {
        use futures_util::{FutureExt, StreamExt};
        if !listening {
            tokio::time::sleep(at_most).await;
            return Ok(());
        }
        let mut notes = std::pin::pin!(self.notifications_stream());
        let Ok(one) = tokio::time::timeout(at_most, notes.next()).await else {
            return Ok(());
        };
        one.transpose()?;
        // The others that are there say the same.
        while let Some(Some(one)) = notes.next().now_or_never() {
            one?;
        }
        Ok(())
    }
}
