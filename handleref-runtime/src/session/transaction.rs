//! Transactions that end on every way out.

use super::{Session, after_failure};
use crate::engine::Kind;
use crate::sql::Raw;
use diesel::result::QueryResult;
use std::future::Future;
use std::task::{Context, Waker};

/// An open transaction that is not finished yet. If it is dropped (because the
/// future was, or a hook panicked), it is [abandoned](abandon): nothing can be
/// awaited any more, and no work must go on in it by mistake.
pub(crate) struct Transaction<'a, S: Session + ?Sized> {
    conn: &'a mut S,
    /// How many transactions are around it.
    outer: u32,
    /// See [`resets`](Transaction::resets).
    reset: Option<Raw>,
    open: bool,
}

/// [Abandons](Session::abandon) a transaction, and then executes `reset` on
/// MySQL, where a variable of the session outlives it.
pub(crate) fn abandon(
    conn: &mut (impl Session + ?Sized),
    outer: u32,
    reset: impl FnOnce() -> Option<Raw>,
) {
    conn.abandon(outer);
    if conn.kind() == Kind::Mysql
        && let Some(sql) = reset()
    {
        // A synchronous connection is done at the first poll; an abandoned
        // asynchronous one has lost its session.
        let reset = std::pin::pin!(conn.raw(&sql));
        let _ = reset.poll(&mut Context::from_waker(Waker::noop()));
    }
}

impl<'a, S: Session + ?Sized> Transaction<'a, S> {
    pub(crate) async fn begin(conn: &'a mut S) -> QueryResult<Self> {
        // Armed before the first await: BEGIN may reach the server even if
        // no one waits for its answer.
        let outer = conn.depth()?;
        let mut this = Self {
            conn,
            outer,
            reset: None,
            open: true,
        };
        let begun = this.conn.begin().await;
        this.open = begun.is_ok();
        begun.map(|()| this)
    }

    /// What a session of MySQL has to execute if this is abandoned.
    pub(crate) fn resets(&mut self, sql: Raw) {
        self.reset = Some(sql);
    }

    /// The connection inside the transaction.
    pub(crate) fn conn(&mut self) -> &mut S {
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
                    after_failure(self.conn.session(), self.outer, false).await;
                    Err(error.into())
                }
            },
            // The first error says more than that its savepoint is gone.
            Err(error) => {
                let rolled_back = self.conn.rollback().await;
                after_failure(self.conn.session(), self.outer, rolled_back.is_ok()).await;
                Err(error)
            }
        };
        self.open = false;
        ended
    }
}

impl<S: Session + ?Sized> Drop for Transaction<'_, S> {
    fn drop(&mut self) {
        if self.open {
            let reset = self.reset.take();
            abandon(self.conn, self.outer, || reset);
        }
    }
}
