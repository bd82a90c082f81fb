//! Transactions that end on every way out.

use super::{Session, after_failure};
use diesel::result::QueryResult;

/// An open transaction that is not finished yet. If it is dropped (because the
/// future was, or a hook panicked), it is [abandoned](Session::abandon): nothing
/// can be awaited any more, and nobody must work on in it by mistake.
pub(crate) struct Transaction<'a, S: Session + ?Sized> {
    conn: &'a mut S,
    /// How many transactions are around it.
    outer: u32,
    open: bool,
}

impl<'a, S: Session + ?Sized> Transaction<'a, S> {
    pub(crate) async fn begin(conn: &'a mut S) -> QueryResult<Self> {
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
            self.conn.abandon(self.outer);
        }
    }
}
