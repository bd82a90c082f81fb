//! Recording switched off for a while.

use super::events::{EventKind, write_event_at};
use crate::context::{Scope, Switch};
use crate::error::Error;
use crate::session::Executor;
use crate::sql::storable;
use serde_json::json;

/// Runs `work` in a transaction (a savepoint, inside one) in which nothing is
/// recorded, on this connection.
///
/// The history says so: unless it is rolled back, there is an event `pause`
/// with the reason before it and an event `resume` after it. Versions rise as
/// always. A row that is changed meanwhile lacks that change in its history;
/// its next recorded change shows the row as it is by then. A row that is
/// inserted meanwhile has no history before its next change. Inside
/// another pause it is only a savepoint.
///
/// ```text
/// without_recording(conn, "import of 2019", |conn| {
///     diesel::insert_into(articles::table).values(&rows).execute(conn)?;
///     Ok::<_, handleref::Error>(())
/// })?;
/// ```
///
/// On an asynchronous connection the closure returns a boxed future, into which
/// everything is moved; [`without_recording_async`] takes an async closure. If
/// the future is dropped, nothing of it is committed, and the connection
/// refuses to go on.
///
/// # Errors
/// Those of `work`, [`Error::NotStorable`] if there is a NUL in the reason, and
/// [`Error::Database`]; everything is rolled back then. Recording goes on in any case, after a panic as well.
pub fn without_recording<'a, C, T, R, F>(
    conn: &'a mut C,
    reason: &'a str,
    work: F,
) -> C::Output<'a, Result<T, R>>
where
    C: Executor,
    F: for<'c> FnOnce(&'c mut C) -> C::Output<'c, Result<T, R>> + Send + 'a,
    T: Send + 'a,
    R: From<Error> + Send + 'a,
{
    C::run(async move {
        let mut scope = begin(conn, reason).await?;
        let result = C::wait(work(scope.conn())).await;
        end(scope, reason, result).await
    })
}

/// [`without_recording`] with an async closure, which may borrow:
///
/// ```text
/// without_recording_async(conn, "import of 2019", async |conn| {
///     diesel::insert_into(articles::table).values(&rows).execute(conn).await?;
///     Ok::<_, handleref::Error>(())
/// }).await?;
/// ```
///
/// # Errors
/// As those of [`without_recording`].
pub fn without_recording_async<'a, C, T, R, F>(
    conn: &'a mut C,
    reason: &'a str,
    work: F,
) -> C::Output<'a, Result<T, R>>
where
    C: Executor,
    for<'c> F: AsyncFnOnce(&'c mut C) -> Result<T, R>
        + AsyncWork<&'c mut C, Result<T, R>, Future: Send>
        + Send
        + 'a,
    T: Send + 'a,
    R: From<Error> + Send + 'a,
{
    C::run(async move {
        let mut scope = begin(conn, reason).await?;
        let result = work(scope.conn()).await;
        end(scope, reason, result).await
    })
}

/// An async closure whose future has a name, so that it can be asked to be
/// `Send`. Implemented for all of them.
pub trait AsyncWork<A, T>:
    AsyncFnOnce(A) -> T + FnOnce(A) -> <Self as AsyncWork<A, T>>::Future
{
    /// The future.
    type Future: Future<Output = T>;
}

impl<W, A, T, Fut> AsyncWork<A, T> for W
where
    W: AsyncFnOnce(A) -> T + FnOnce(A) -> Fut,
    Fut: Future<Output = T>,
{
    type Future = Fut;
}

async fn begin<'a, C: Executor>(conn: &'a mut C, reason: &str) -> Result<Scope<'a, C>, Error> {
    storable("reason of a pause", reason)?;
    let mut scope = Scope::begin(conn, Switch::Paused).await?;
    match note(&mut scope, EventKind::Pause, reason).await {
        Ok(()) => Ok(scope),
        Err(error) => scope.finish(Err(error)).await,
    }
}

async fn end<C, T, R>(mut scope: Scope<'_, C>, reason: &str, result: Result<T, R>) -> Result<T, R>
where
    C: Executor,
    R: From<Error>,
{
    let result = match result {
        Ok(value) => match note(&mut scope, EventKind::Resume, reason).await {
            Ok(()) => Ok(value),
            Err(error) => Err(error.into()),
        },
        Err(error) => Err(error),
    };
    scope.finish(result).await
}

/// Nested pauses count once.
async fn note<C: Executor>(
    scope: &mut Scope<'_, C>,
    kind: EventKind,
    reason: &str,
) -> Result<(), Error> {
    if scope.switched() {
        let detail = json!({ "reason": reason });
        let home = scope.home().clone();
        write_event_at(scope.conn(), &home, &kind, None, &detail, None).await?;
    }
    Ok(())
}
