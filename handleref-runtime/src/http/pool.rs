//! Where connections come from.

use crate::session::{Boxed, Executor, Session};
use axum::response::Response;
use std::any::TypeId;
use std::error::Error;
use std::sync::Arc;

/// What is done with a connection: it makes an answer.
#[doc(hidden)]
pub type Work = Box<dyn for<'c> FnOnce(&'c mut dyn Session) -> Boxed<'c, Response> + Send>;

/// Why there is no connection.
#[doc(hidden)]
#[derive(Debug)]
pub enum NoConnection {
    /// The pool gave none in time, or the database is not there.
    Unavailable(Box<dyn Error + Send + Sync>),
    /// The work panicked.
    Panicked,
}

/// A pool of connections: `diesel::r2d2::Pool` (feature `r2d2`), whose connections are used on the
/// runtime's threads for blocking work, or diesel-async's pool for `deadpool` (feature `deadpool`)
/// or `bb8` (feature `bb8`).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a pool that handleref knows",
    note = "give a `diesel::r2d2::Pool` (feature `r2d2`), or diesel-async's pool for `deadpool` or `bb8` (the features of these names)"
)]
pub trait Pool: Clone + Send + Sync + 'static {
    /// Its connections.
    type Connection: Executor;

    #[doc(hidden)]
    fn run(&self, work: Work) -> Boxed<'static, Result<Response, NoConnection>>;
}

type Run = dyn Fn(Work) -> Boxed<'static, Result<Response, NoConnection>> + Send + Sync;

/// A pool without its type.
#[derive(Clone)]
pub(super) struct Connections {
    /// The type of the connections.
    pub(super) of: TypeId,
    run: Arc<Run>,
}

impl Connections {
    pub(super) fn new<P: Pool>(pool: P) -> Self {
        Self {
            of: TypeId::of::<P::Connection>(),
            run: Arc::new(move |work| pool.run(work)),
        }
    }

    pub(super) async fn run(&self, work: Work) -> Result<Response, NoConnection> {
        (self.run)(work).await
    }
}

#[cfg(feature = "r2d2")]
impl<C> Pool for diesel::r2d2::Pool<diesel::r2d2::ConnectionManager<C>>
where
    C: diesel::r2d2::R2D2Connection + Send + 'static,
    diesel::r2d2::PooledConnection<diesel::r2d2::ConnectionManager<C>>: Executor,
{
    type Connection = diesel::r2d2::PooledConnection<diesel::r2d2::ConnectionManager<C>>;

    fn run(&self, work: Work) -> Boxed<'static, Result<Response, NoConnection>> {
        let pool = self.clone();
        Box::pin(async move {
            let task = tokio::task::spawn_blocking(move || {
                let conn = pool.get();
                let mut conn = conn.map_err(|error| NoConnection::Unavailable(error.into()))?;
                Ok(crate::session::ready(work(&mut conn)))
            });
            task.await.map_err(|_| NoConnection::Panicked)?
        })
    }
}

/// For each type of connection, as Diesel's bounds cannot be said for all of them at once.
#[cfg(any(feature = "deadpool", feature = "bb8"))]
macro_rules! pools {
    ($(#[$there:meta] $pool:ident of $connection:ty;)*) => { $(
        #[$there]
        impl Pool for diesel_async::pooled_connection::$pool::Pool<$connection> {
            type Connection = $connection;

            fn run(&self, work: Work) -> Boxed<'static, Result<Response, NoConnection>> {
                let pool = self.clone();
                Box::pin(async move {
                    let conn = pool.get().await;
                    let mut conn = conn.map_err(|error| NoConnection::Unavailable(error.into()))?;
                    Ok(work(&mut *conn).await)
                })
            }
        }
    )* };
}

#[cfg(feature = "deadpool")]
pools! {
    #[cfg(feature = "sqlite")]
    deadpool of diesel_async::sync_connection_wrapper::SyncConnectionWrapper<diesel::SqliteConnection>;
    #[cfg(feature = "postgres_backend")]
    deadpool of diesel_async::AsyncPgConnection;
    #[cfg(feature = "mysql_backend")]
    deadpool of diesel_async::AsyncMysqlConnection;
}

#[cfg(feature = "bb8")]
pools! {
    #[cfg(feature = "sqlite")]
    bb8 of diesel_async::sync_connection_wrapper::SyncConnectionWrapper<diesel::SqliteConnection>;
    #[cfg(feature = "postgres_backend")]
    bb8 of diesel_async::AsyncPgConnection;
    #[cfg(feature = "mysql_backend")]
    bb8 of diesel_async::AsyncMysqlConnection;
}
