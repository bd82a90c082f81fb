//! Reading on, as changes come.

use super::cursor::Cursor;
use crate::error::Error;
use std::fmt;
use std::time::{Duration, Instant};

/// A query that can be read on from where it ended, through the connection `C`.
#[doc(hidden)]
pub trait Batches<C> {
    /// What one read gives.
    type Batch: Pages;
    /// The result of a read, or a future of it.
    type Reading<'a>
    where
        Self: 'a,
        C: 'a;
    /// Reads from a cursor on; without one, what the query says.
    fn read<'a>(&'a self, conn: &'a mut C, cursor: Option<Cursor>) -> Self::Reading<'a>;
}

/// What one read gave.
#[doc(hidden)]
pub trait Pages {
    /// Where it ended.
    fn cursor(&self) -> &Cursor;
    /// Whether there was nothing.
    fn is_empty(&self) -> bool;
    /// Whether there is more already.
    fn more(&self) -> bool;
}

/// Reads what a query finds, and then whatever comes, without gaps; made by
/// [`ChangesSince::follow`](super::ChangesSince::follow) and
/// [`DiffQuery::follow`](crate::feed::DiffQuery::follow).
///
/// ```text
/// let mut follow = handleref::changes::<(Topic, Article)>().since(&cursor).follow();
/// loop {
///     match follow.next(conn, Duration::from_secs(15))? {
///         Some(batch) => send(&batch.changes),
///         None => send_heartbeat(),
///     }
/// }
/// ```
///
/// It looks every 100 milliseconds; [`every`](Follow::every) says otherwise. On an
/// asynchronous connection `stream` gives a stream of batches.
#[derive(Clone)]
pub struct Follow<Q> {
    query: Q,
    cursor: Option<Cursor>,
    every: Duration,
}

impl<Q: fmt::Debug> fmt::Debug for Follow<Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follow")
            .field("query", &self.query)
            .field("cursor", &self.cursor)
            .finish_non_exhaustive()
    }
}

impl<Q> Follow<Q> {
    pub(crate) fn new(query: Q) -> Self {
        Self {
            query,
            cursor: None,
            every: Duration::from_millis(100),
        }
    }

    /// How long [`next`](Follow::next) waits before it looks again.
    #[must_use]
    pub fn every(mut self, wait: Duration) -> Self {
        self.every = wait;
        self
    }

    /// Where it is: after the last batch; none before the first one.
    pub fn cursor(&self) -> Option<&Cursor> {
        self.cursor.as_ref()
    }

    /// Looks once, and gives what there is, which may be nothing. After an error it
    /// is where it was.
    ///
    /// # Errors
    /// Those of the query.
    pub fn poll<C, B>(&mut self, conn: &mut C) -> Result<B, Error>
    where
        Q: for<'a> Batches<C, Batch = B, Reading<'a> = Result<B, Error>> + 'static,
        B: Pages,
        C: 'static,
    {
        let batch = self.query.read(conn, self.cursor.clone())?;
        self.cursor = Some(batch.cursor().clone());
        Ok(batch)
    }

    /// Waits for the next batch that is not empty, on a synchronous connection;
    /// `None` if none came in this time.
    ///
    /// # Errors
    /// Those of the query.
    pub fn next<C, B>(&mut self, conn: &mut C, patience: Duration) -> Result<Option<B>, Error>
    where
        Q: for<'a> Batches<C, Batch = B, Reading<'a> = Result<B, Error>> + 'static,
        B: Pages,
        C: 'static,
    {
        let began = Instant::now();
        loop {
            let batch = self.poll(conn)?;
            if !batch.is_empty() {
                return Ok(Some(batch));
            }
            if batch.more() {
                continue;
            }
            let left = patience.saturating_sub(began.elapsed());
            if left.is_zero() {
                return Ok(None);
            }
            std::thread::sleep(self.every.min(left));
        }
    }

    /// The batches that are not empty as a stream, on an asynchronous connection: a
    /// `&mut` of one, a `Box` or the guard of a pool. Between two looks it waits for
    /// what `wait` gives, such as a timer or a notification. It ends after an error.
    ///
    /// ```text
    /// let batches = follow.stream(Box::new(conn), || tokio::time::sleep(Duration::from_millis(100)));
    /// ```
    ///
    /// It keeps the connection while it waits. For many listeners let one stream feed
    /// a channel that they share.
    #[cfg(feature = "async")]
    pub fn stream<C, B, G, W, T>(
        self,
        conn: G,
        wait: W,
    ) -> impl futures_util::Stream<Item = Result<B, Error>>
    where
        Q: for<'a> Batches<C, Batch = B, Reading<'a>: Future<Output = Result<B, Error>> + Send>
            + 'static,
        B: Pages,
        C: 'static,
        G: std::ops::DerefMut<Target = C>,
        W: FnMut() -> T,
        T: Future<Output = ()>,
    {
        futures_util::stream::try_unfold(
            (self, conn, wait),
            async |(mut this, mut conn, mut wait)| {
                loop {
                    let batch = this.query.read(&mut *conn, this.cursor.clone()).await?;
                    this.cursor = Some(batch.cursor().clone());
                    if !batch.is_empty() {
                        return Ok(Some((batch, (this, conn, wait))));
                    }
                    if !batch.more() {
                        wait().await;
                    }
                }
            },
        )
    }
}
