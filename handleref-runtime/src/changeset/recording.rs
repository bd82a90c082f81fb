//! Recording changes as one changeset.

use super::meta::ChangesetMeta;
use crate::context::numbers::LAST_OF_SQLITE;
use crate::context::{CLOSE_CHANGESET, Home, OPEN_CHANGESET, Scope, Switch};
use crate::engine::Kind;
use crate::error::Error;
use crate::history::ChangesetNo;
use crate::history::tables::{any_recorded, record_tables};
use crate::maintain::AsyncWork;
use crate::session::absent::{HISTORY, or_not_installed, without_context};
use crate::session::{Boxed, Executor, Session};
use crate::sql::{Sql, literal_sql, raw};
use crate::time::TimeKind;
use diesel::result::Error as DieselError;
use std::fmt;
use std::ops::{Deref, DerefMut};

/// Runs `work` in a transaction whose changes are one changeset.
///
/// Every record that is written inside carries its number, whatever writes it:
/// the verbs of handleref, plain Diesel or raw SQL on this connection. An error
/// or a panic inside discards everything, the changeset too. If nothing was
/// recorded, no changeset is stored.
///
/// Inside another changeset it joins that one: its changes belong to the outer
/// one, and `meta` is not used; an error inside discards only the inner
/// changes, if the outer closure goes on. Inside a transaction of the caller it
/// is a savepoint.
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
/// Those of `work`, [`Error::NotStorable`] if `meta` cannot be stored,
/// [`Error::NotInstalled`] if no recording was ever installed, and [`Error::Database`]; everything is rolled back then.
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
        self.open.scope.shared()
    }
}

impl<C: Executor> DerefMut for OpenChangeset<'_, C> {
    fn deref_mut(&mut self) -> &mut C {
        self.open.conn()
    }
}

/// A transaction whose changes are a changeset.
pub(crate) struct Open<'a, C: Session + ?Sized> {
    scope: Scope<'a, C>,
    pub(super) changeset: ChangesetNo,
    /// Its records come after this one; none if the changeset is an outer one.
    pub(super) first: Option<i64>,
}

impl<'a, C: Session + ?Sized> Open<'a, C> {
    pub(crate) async fn begin(conn: &'a mut C, meta: &ChangesetMeta) -> Result<Self, Error> {
        Self::undoing(conn, meta, None).await
    }

    /// One that undoes another one.
    pub(super) async fn undoing(
        conn: &'a mut C,
        meta: &ChangesetMeta,
        undoes: Option<ChangesetNo>,
    ) -> Result<Self, Error> {
        let mut scope = Scope::open(conn).await?;
        let entered = enter(&mut scope, meta, undoes).await;
        match entered {
            Ok((changeset, first)) => Ok(Self {
                scope,
                changeset,
                first,
            }),
            Err(error) => {
                let conn = scope.unwound().await.session();
                Err(or_not_installed(conn, error, HISTORY).await)
            }
        }
    }

    pub(crate) fn conn(&mut self) -> &mut C {
        self.scope.conn()
    }

    /// What its records carry.
    pub(crate) fn changeset(&self) -> ChangesetNo {
        self.changeset
    }

    /// Commits if `result` is good, and gives the changeset if it was stored.
    pub(crate) async fn end<T, R: From<Error>>(
        mut self,
        result: Result<T, R>,
    ) -> Result<(T, Option<ChangesetNo>), R> {
        let (changeset, first) = (self.changeset, self.first);
        let result = match result {
            Ok(value) => {
                let home = self.scope.home().clone();
                leave(self.scope.conn().session(), &home, changeset, first)
                    .await
                    .map(|stored| (value, stored.then_some(changeset)))
                    .map_err(R::from)
            }
            Err(error) => Err(error),
        };
        self.scope.finish(result).await
    }

    /// Undoes everything, whatever came of it.
    pub(super) async fn roll_back(self) -> Result<(), Error> {
        self.scope.roll_back().await
    }
}

/// Joins the changeset that there is, or begins one.
async fn enter<C: Session + ?Sized>(
    scope: &mut Scope<'_, C>,
    meta: &ChangesetMeta,
    undoes: Option<ChangesetNo>,
) -> Result<(ChangesetNo, Option<i64>), Error> {
    if let Some(outer) = scope.read(Switch::Changeset).await? {
        return Ok((ChangesetNo(outer), None));
    }
    meta.check()?;
    let (changeset, first) = match scope.conn().kind() {
        Kind::Sqlite => {
            let insert = insert_sql(meta, undoes);
            let made: (i64, i64) = scope.conn().session().one(insert).await?;
            scope.switch_on(Switch::Changeset, made.0).await?;
            made
        }
        // At once, to wait for the server only once.
        Kind::Postgres => {
            let sql = Sql::new("SELECT no, first, list, home FROM ").sql(OPEN_CHANGESET);
            let sql = with_meta(Kind::Postgres, sql.sql("("), meta, undoes);
            let (no, first, list, schema): (i64, i64, Option<String>, Option<String>) =
                scope.conn().session().one(sql).await?;
            let home = Home::read(Kind::Postgres, schema.as_deref(), list.as_deref());
            scope.will_switch(Switch::Changeset, home);
            (no, first)
        }
        Kind::Mysql => {
            scope.will_switch_here(Switch::Changeset).await?;
            let call = Sql::new("CALL ").sql(OPEN_CHANGESET).sql("(");
            let call = with_meta(Kind::Mysql, call, meta, undoes).written(Kind::Mysql)?;
            scope.conn().batch(&call).await?;
            let made = "SELECT CAST(@handleref_changeset AS SIGNED), CAST(@handleref_changeset_first AS SIGNED)";
            scope.conn().session().one(Sql::new(made)).await?
        }
    };
    Ok((ChangesetNo(changeset), Some(first)))
}

/// The meta of a changeset: its time, five texts, and what it undoes;
/// with the closing bracket.
fn with_meta<'a>(
    kind: Kind,
    sql: Sql<'a>,
    meta: &'a ChangesetMeta,
    undoes: Option<ChangesetNo>,
) -> Sql<'a> {
    let sql = match meta.at {
        Some(at) => sql.once_made(literal_sql(kind, TimeKind::Plain, at)),
        // The functions look at the clock themselves.
        None if kind == Kind::Sqlite => sql.now(),
        None => sql.sql("NULL"),
    };
    let actor = meta.actor.as_ref();
    let metadata = meta.metadata.as_ref().map(ToString::to_string);
    let texts = [
        actor.map(ToString::to_string),
        actor.map(|actor| actor.kind().to_owned()),
        meta.comment.clone(),
        meta.correlation.clone(),
        metadata,
    ];
    let texts = texts.into_iter();
    let sql = texts.fold(sql, |sql, text| sql.sql(", ").bind(text));
    sql.sql(", ").bind(undoes.map(|no| no.0)).sql(")")
}

/// SQLite has no functions of ours.
fn insert_sql(meta: &ChangesetMeta, undoes: Option<ChangesetNo>) -> Sql<'_> {
    let sql = Sql::new("INSERT INTO handleref_changesets (first_record, occurred_at, actor, actor_kind, comment, correlation_id, metadata, undoes) VALUES (")
        .sql(LAST_OF_SQLITE)
        .sql(", ");
    with_meta(Kind::Sqlite, sql, meta, undoes).sql(" RETURNING id, first_record")
}

/// Stores the end of a changeset, or forgets it if nothing was recorded.
async fn leave(
    conn: &mut dyn Session,
    home: &Home,
    changeset: ChangesetNo,
    first: Option<i64>,
) -> Result<bool, Error> {
    let Some(first) = first else {
        return Ok(true);
    };
    let no = changeset.0;
    let close = home.table(CLOSE_CHANGESET);
    let stored = match conn.kind() {
        Kind::Sqlite => return leave_sqlite(conn, home, changeset, first).await,
        Kind::Postgres => raw!("SELECT {close}({no})", close, no),
        Kind::Mysql => {
            conn.batch(&raw!("CALL {close}({no})", close, no)).await?;
            "SELECT CAST(@handleref_stored AS SIGNED)".into()
        }
    };
    let (stored,): (Option<bool>,) = conn.one(Sql::once(stored)).await?;
    stored.ok_or_else(ended)
}

/// The transaction of a changeset was ended: by SQL, or a deadlock
/// whose error was swallowed, which costs MySQL the whole transaction.
fn ended() -> Error {
    DieselError::BrokenTransactionManager.into()
}

async fn leave_sqlite(
    conn: &mut dyn Session,
    home: &Home,
    changeset: ChangesetNo,
    first: i64,
) -> Result<bool, Error> {
    let tables = record_tables(conn, home).await?;
    let stored = any_recorded(conn, home, &tables, changeset, first).await?;
    let sql = Sql::new("");
    let sql = match stored {
        true => sql
            .sql("UPDATE handleref_changesets SET last_record = ")
            .sql(LAST_OF_SQLITE),
        false => sql.sql("DELETE FROM handleref_changesets"),
    };
    let sql = sql.sql(" WHERE id = ").bind(changeset.0);
    match conn.execute(sql).await? {
        0 => Err(ended()),
        _ => Ok(stored),
    }
}
