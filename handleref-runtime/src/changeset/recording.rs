//! Recording changes as one changeset.

use super::meta::ChangesetMeta;
use super::open::Open;
use crate::context::Switch;
use crate::error::Error;
use crate::history::ChangesetNo;
use crate::maintain::AsyncWork;
use crate::session::absent::without_context;
use crate::session::{Boxed, Executor, Session};
use std::fmt;
use std::ops::{Deref, DerefMut};

/// Runs `work` in a transaction whose changes are one changeset.
///
/// Every record that is written inside carries its number, whatever writes it:
/// the verbs of handleref, plain Diesel or raw SQL on this connection. An error
/// or a panic inside discards everything, the changeset too. If nothing was
/// recorded, no changeset is stored.
///
/// Versions count writes, not changesets: a row that is written twice inside
/// is two versions further.
///
/// Inside another changeset it joins that one: its changes belong to the outer
/// one, and `meta` is not used; an error inside discards only the inner
/// changes, if the outer closure goes on; a key ([`once`](ChangesetMeta::once))
/// is refused there. Inside a transaction of the caller it is a savepoint.
///
/// ```text
/// in_changeset(conn, Changeset::by("ann").comment("typo"), |conn| {
///     article.save(conn)?;
///     diesel::delete(comments::table.find(3)).execute(conn)?;
///     Ok::<_, handleref::Error>(())
/// })?;
/// ```
///
/// On an asynchronous connection the closure returns a boxed future, into which
/// everything is moved; [`in_changeset_async`] takes an async closure. If
/// the future is dropped, nothing of it is committed, and the connection
/// refuses to go on: a pool drops it.
///
/// # Errors
/// Those of `work`, [`Error::NotStorable`] if `meta` cannot be stored, [`Error::Repeated`] if its key is there,
/// [`Error::NotInstalled`] if no recording was ever installed, and [`Error::Database`]; everything is rolled back then.
#[doc(alias("record_changeset", "create_revision"))]
pub fn in_changeset<'a, C, T, R, F>(
    conn: &'a mut C,
    meta: ChangesetMeta,
    work: F,
) -> C::Output<'a, Result<T, R>>
where
    C: Executor,
    F: for<'c> FnOnce(&'c mut C) -> C::Output<'c, Result<T, R>> + Send + 'a,
    T: Send + 'a,
    R: From<Error> + Send + 'a,
{
    C::run(async move {
        let mut open = Open::begin(conn, &meta).await?;
        let result = C::wait(work(open.conn())).await;
        open.end(result).await.map(|(value, _)| value)
    })
}

/// [`in_changeset`] with an async closure, which may borrow:
///
/// ```text
/// in_changeset_async(conn, Changeset::by("ann"), async |conn| {
///     article.save(conn).await?;
///     Ok::<_, handleref::Error>(())
/// }).await?;
/// ```
///
/// # Errors
/// As those of [`in_changeset`].
pub fn in_changeset_async<'a, C, T, R, F>(
    conn: &'a mut C,
    meta: ChangesetMeta,
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
        let mut open = Open::begin(conn, &meta).await?;
        let result = work(open.conn()).await;
        open.end(result).await.map(|(value, _)| value)
    })
}

/// [`in_changeset`] in two calls: whatever is done on the connection, through
/// the [`OpenChangeset`], up to [`close`](OpenChangeset::close), is one changeset.
///
/// ```text
/// let mut open = open_changeset(conn, Changeset::by("ann"))?;
/// article.save(&mut *open)?;
/// let changeset = open.close()?;
/// ```
///
/// # Errors
/// [`Error::NotStorable`], [`Error::NotInstalled`] or [`Error::Database`].
#[doc(alias = "start_recording")]
pub fn open_changeset<C: Executor>(
    conn: &mut C,
    meta: ChangesetMeta,
) -> C::Output<'_, Result<OpenChangeset<'_, C>, Error>> {
    C::run(async move {
        let open = Open::begin(conn, &meta).await?;
        let warning = Warning(true);
        Ok(OpenChangeset { open, warning })
    })
}

/// The changeset that is being recorded on this connection, if there is one.
/// It is only stored if something is recorded in it.
///
/// # Errors
/// [`Error::NotInstalled`] or [`Error::Database`].
pub fn current_changeset<C: Executor>(
    conn: &mut C,
) -> C::Output<'_, Result<Option<ChangesetNo>, Error>> {
    C::finish(current(conn))
}

fn current(conn: &mut dyn Session) -> Boxed<'_, Result<Option<ChangesetNo>, Error>> {
    Box::pin(async move {
        let current = Switch::Changeset.read(conn).await;
        Ok(current.map_err(without_context)?.map(ChangesetNo))
    })
}

/// A changeset that is being recorded; made by [`open_changeset`].
///
/// It stands for the connection: pass `&mut *open`. Dropped without
/// [`close`](OpenChangeset::close) it discards everything, as an
/// error in [`in_changeset`] does; in a debug build it says so on standard
/// error. (One of an asynchronous connection that is dropped cannot wait for the
/// rollback: the connection refuses to go on, and a pool drops it. Use
/// [`discard`](OpenChangeset::discard) there.)
#[must_use = "without `.close()` all changes are discarded"]
pub struct OpenChangeset<'a, C: Executor> {
    open: Open<'a, C>,
    warning: Warning,
}

/// Says that an open changeset was dropped, as long as it is set.
struct Warning(bool);

impl Drop for Warning {
    fn drop(&mut self) {
        if cfg!(debug_assertions) && self.0 && !std::thread::panicking() {
            eprintln!(
                "handleref: a changeset was opened and not closed; its changes are discarded. \
                 Call `close()` or `discard()`"
            );
        }
    }
}

impl<C: Executor> fmt::Debug for OpenChangeset<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenChangeset")
            .field("changeset", &self.open.changeset)
            .finish_non_exhaustive()
    }
}

impl<'a, C: Executor> OpenChangeset<'a, C> {
    /// Stores the changeset and commits. Gives its number: none if nothing was
    /// recorded; inside another changeset that one's.
    ///
    /// # Errors
    /// [`Error::Database`]; everything is rolled back then.
    #[doc(alias = "stop_recording")]
    pub fn close(mut self) -> C::Output<'a, Result<Option<ChangesetNo>, Error>> {
        self.warning.0 = false;
        C::run(async move { self.open.end(Ok(())).await.map(|((), no)| no) })
    }

    /// Discards everything that was done since the start.
    ///
    /// # Errors
    /// [`Error::Database`] if the rollback fails.
    pub fn discard(mut self) -> C::Output<'a, Result<(), Error>> {
        self.warning.0 = false;
        C::run(self.open.roll_back())
    }
}

impl<C: Executor> Deref for OpenChangeset<'_, C> {
    type Target = C;
    fn deref(&self) -> &C {
        self.open.shared()
    }
}

impl<C: Executor> DerefMut for OpenChangeset<'_, C> {
    fn deref_mut(&mut self) -> &mut C {
        self.open.conn()
    }
}
