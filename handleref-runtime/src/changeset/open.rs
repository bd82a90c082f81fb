//! The beginning and the end of a changeset on a connection.
//!
//! Each is a round trip or two, beside a transaction that has a few: so what is
//! sent is sent together where no answer is needed, and kept prepared where no name
//! in it can mean something else later.

use super::meta::ChangesetMeta;
use super::once;
use crate::context::numbers::LAST_OF_SQLITE;
use crate::context::{CLOSE_CHANGESET, Home, OPEN_CHANGESET, Scope, Switch};
use crate::engine::Kind;
use crate::error::Error;
use crate::history::ChangesetNo;
use crate::history::tables::{any_recorded, record_tables};
use crate::session::Session;
use crate::session::absent::{HISTORY, or_not_installed};
use crate::sql::{Raw, Sql, literal_sql, raw};
use crate::time::TimeKind;
use diesel::result::Error as DieselError;

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
        let (mut scope, begun) = match conn.kind() {
            Kind::Postgres | Kind::Mysql if conn.depth()? == 0 => {
                meta.check()?;
                let begin = begin_sql(conn.kind(), meta, undoes)?;
                Scope::open_with(conn, &begin, Switch::Changeset).await
            }
            _ => (Scope::open(conn).await?, Ok(())),
        };
        let entered = match (begun, scope.switched()) {
            (Err(error), _) => Err(error),
            (Ok(()), true) => entered(&mut scope).await,
            (Ok(()), false) => enter(&mut scope, meta, undoes).await,
        };
        match entered {
            Ok((changeset, first)) => Ok(Self {
                scope,
                changeset,
                first,
            }),
            Err(error) => {
                let conn = scope.unwound().await.session();
                refused(conn, meta, error).await
            }
        }
    }

    pub(crate) fn conn(&mut self) -> &mut C {
        self.scope.conn()
    }

    /// The connection, to look at.
    pub(super) fn shared(&self) -> &C {
        self.scope.shared()
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
        let result = match result {
            Ok(value) => {
                let stored = self.leave().await.map_err(R::from);
                stored.map(|stored| (value, stored.then_some(self.changeset)))
            }
            Err(error) => Err(error),
        };
        self.scope.finish(result).await
    }

    /// Undoes everything, whatever came of it.
    pub(super) async fn roll_back(self) -> Result<(), Error> {
        self.scope.roll_back().await
    }

    /// Stores the end of the changeset, or forgets it if nothing was recorded.
    async fn leave(&mut self) -> Result<bool, Error> {
        let Some(first) = self.first else {
            return Ok(true);
        };
        let (home, changeset) = (self.scope.home().clone(), self.changeset);
        let conn = self.scope.conn().session();
        let close = home.table(CLOSE_CHANGESET);
        let stored: Option<bool> = match conn.kind() {
            Kind::Sqlite => return leave_sqlite(conn, &home, changeset, first).await,
            Kind::Postgres => {
                let sql = Sql::kept(raw!("SELECT {close}(", close));
                conn.one::<(_,)>(sql.bind(changeset.0).sql(")")).await?.0
            }
            Kind::Mysql => {
                let call = Sql::kept(raw!("CALL {close}(", close));
                conn.execute(call.bind(changeset.0).sql(")")).await?;
                let (stored, said): (_, Option<i64>) = conn.one(Sql::kept(CLOSED)).await?;
                if said.is_none() {
                    self.scope.is_off();
                }
                stored
            }
        };
        stored.ok_or_else(ended)
    }
}

/// What was sent along with the beginning of a transaction leaves its answer
/// where it can be read: as one text (PostgreSQL), or in variables (MySQL).
fn begin_sql(kind: Kind, meta: &ChangesetMeta, undoes: Option<ChangesetNo>) -> Result<Raw, Error> {
    let sql = match kind {
        Kind::Mysql => Sql::new("BEGIN; CALL "),
        _ => Sql::new(
            "BEGIN; SELECT pg_catalog.set_config('handleref.opened', \
             pg_catalog.concat_ws(' ', no, first, list, home), true) FROM ",
        ),
    };
    let sql = with_meta(kind, sql.sql(OPEN_CHANGESET).sql("("), meta, undoes);
    let sql = match &meta.once {
        Some(_) => once::call(kind, sql.sql("; "), meta),
        None => sql,
    };
    Ok(sql.written(kind)?)
}

/// The answer. It names nothing, so it is kept.
const OPENED_POSTGRES: &str = "SELECT pg_catalog.current_setting('handleref.opened')";
const OPENED_MYSQL: &str = "SELECT CAST(@handleref_changeset AS SIGNED), \
     CAST(@handleref_changeset_first AS SIGNED), CAST(@handleref_changeset_in AS CHAR(64))";
/// Whether the changeset was stored, and what the session says still: the
/// procedure takes that back, but not the one of an older installation.
const CLOSED: &str =
    "SELECT CAST(@handleref_stored AS SIGNED), CAST(@handleref_changeset AS SIGNED)";

/// Reads what has begun together with the transaction.
async fn entered<C: Session + ?Sized>(
    scope: &mut Scope<'_, C>,
) -> Result<(ChangesetNo, Option<i64>), Error> {
    let conn = scope.conn().session();
    let kind = conn.kind();
    let (no, first, list, home) = match kind {
        Kind::Mysql => {
            let (no, first, home): (_, _, Option<String>) =
                conn.one(Sql::kept(OPENED_MYSQL)).await?;
            (no, first, None, home)
        }
        _ => {
            let (opened,): (String,) = conn.one(Sql::kept(OPENED_POSTGRES)).await?;
            let mut parts = opened.splitn(4, ' ');
            let mut number = || parts.next()?.parse::<i64>().ok();
            let numbers = number().zip(number());
            let (no, first) = numbers.ok_or(DieselError::NotFound)?;
            let mut text = || parts.next().map(str::to_owned);
            (no, first, text(), text())
        }
    };
    let home = Home::read(kind, home.as_deref(), list.as_deref());
    scope.will_switch(Switch::Changeset, home);
    Ok((ChangesetNo(no), Some(first)))
}

/// Joins the changeset that there is, or begins one.
async fn enter<C: Session + ?Sized>(
    scope: &mut Scope<'_, C>,
    meta: &ChangesetMeta,
    undoes: Option<ChangesetNo>,
) -> Result<(ChangesetNo, Option<i64>), Error> {
    if let Some(outer) = scope.read(Switch::Changeset).await? {
        return match meta.once {
            None => Ok((ChangesetNo(outer), None)),
            Some(_) => Err(Error::NotStorable {
                what: "key of a changeset",
                reason: "it is inside another changeset, which it joins",
            }),
        };
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
    once::give(scope.conn().session(), meta, ChangesetNo(changeset)).await?;
    Ok((ChangesetNo(changeset), Some(first)))
}

/// Why a changeset was not opened.
async fn refused<T>(
    conn: &mut dyn Session,
    meta: &ChangesetMeta,
    error: Error,
) -> Result<T, Error> {
    match once::repeated(conn, meta, &error).await {
        Some(repeated) => Err(repeated),
        None => Err(or_not_installed(conn, error, HISTORY).await),
    }
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
