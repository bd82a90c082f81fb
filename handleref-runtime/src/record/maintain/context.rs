//! What a transaction says to the triggers: that recording is paused, that the
//! door of the record tables is open.

use crate::engine::{Engine, Kind};
use crate::error::Error;
use crate::executor::Steps;
use diesel::result::QueryResult;
use std::future::Future;
use std::task::{Context, Waker};

/// A switch that triggers look at. It holds for one transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::record) enum Switch {
    /// Nothing is recorded.
    Paused,
    /// Records may be changed and deleted.
    Door,
}

impl Switch {
    fn name(self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::Door => "door",
        }
    }

    fn set_sql(self, kind: Kind, on: bool) -> String {
        let name = self.name();
        let digit = i32::from(on);
        match kind {
            Kind::Sqlite => format!("UPDATE handleref_context SET {name} = {digit}"),
            Kind::Postgres if on => format!("SELECT set_config('handleref.{name}', '1', true)"),
            Kind::Postgres => format!("SELECT set_config('handleref.{name}', '', true)"),
            Kind::Mysql if on => format!("SET @handleref_{name} = 1"),
            Kind::Mysql => format!("SET @handleref_{name} = NULL"),
        }
    }

    fn read_sql(self, kind: Kind) -> String {
        let name = self.name();
        match kind {
            Kind::Sqlite => format!("SELECT {name}, 0 FROM handleref_context"),
            Kind::Postgres => format!(
                "SELECT CAST(CASE WHEN current_setting('handleref.{name}', true) = '1' THEN 1 ELSE 0 END AS BIGINT), \
                 CAST(0 AS BIGINT)"
            ),
            Kind::Mysql => {
                format!("SELECT CAST(COALESCE(@handleref_{name}, 0) AS SIGNED), CAST(0 AS SIGNED)")
            }
        }
    }
}

/// Takes the write lock of SQLite, which has to come before the first read of a
/// transaction: it cannot be had any more if somebody wrote in between.
pub(super) async fn write_lock<C: Steps>(conn: &mut C) -> QueryResult<()> {
    if C::Backend::KIND == Kind::Sqlite {
        conn.batch("UPDATE handleref_context SET tick = tick")
            .await?;
    }
    Ok(())
}

/// A transaction (or a savepoint in one) with a switch on.
///
/// Off it is again on every way out. What PostgreSQL and SQLite know of it goes
/// with the transaction; MySQL's is a variable of the session, so it is reset
/// by a statement: before the commit, after a rollback, and after a panic. A
/// dropped future leaves an asynchronous connection that refuses everything.
pub(in crate::record) struct Scope<'a, E: Steps> {
    conn: &'a mut E,
    switch: Switch,
    /// Whether it was off before.
    switched: bool,
    open: bool,
}

impl<'a, E: Steps> Scope<'a, E> {
    pub(in crate::record) async fn begin(conn: &'a mut E, switch: Switch) -> Result<Self, Error> {
        // Armed before the first await, as `Transaction` is.
        let mut this = Self {
            conn,
            switch,
            switched: false,
            open: true,
        };
        if let Err(error) = this.conn.begin().await {
            this.open = false;
            return Err(error.into());
        }
        match this.enter().await {
            Ok(()) => Ok(this),
            Err(error) => this.finish(Err(error)).await,
        }
    }

    async fn enter(&mut self) -> Result<(), Error> {
        write_lock(self.conn).await?;
        let query = diesel::sql_query(self.switch.read_sql(E::Backend::KIND));
        let on = self.conn.numbers(query).await?;
        if on.first().is_none_or(|(on, _)| *on == 0) {
            self.switched = true;
            self.set(true).await?;
        }
        Ok(())
    }

    async fn set(&mut self, on: bool) -> QueryResult<()> {
        self.conn
            .batch(&self.switch.set_sql(E::Backend::KIND, on))
            .await
    }

    /// Whether this scope has switched it on; not inside another such scope.
    pub(in crate::record) fn switched(&self) -> bool {
        self.switched
    }

    /// The connection inside the transaction.
    pub(in crate::record) fn conn(&mut self) -> &mut E {
        self.conn
    }

    /// Commits if `result` is good and rolls back otherwise.
    pub(in crate::record) async fn finish<T, R: From<Error>>(
        mut self,
        result: Result<T, R>,
    ) -> Result<T, R> {
        let mut result = result;
        if result.is_ok()
            && self.switched
            && let Err(error) = self.set(false).await
        {
            result = Err(Error::from(error).into());
        }
        let ended = match result {
            Ok(value) => self.conn.commit().await.map(|()| value),
            Err(error) => {
                // The first error says more than that its connection is broken.
                let _ = self.conn.rollback().await;
                if self.switched && E::Backend::KIND == Kind::Mysql {
                    let _ = self.set(false).await;
                }
                self.open = false;
                return Err(error);
            }
        };
        self.open = false;
        ended.map_err(|error| Error::from(error).into())
    }
}

impl<E: Steps> Drop for Scope<'_, E> {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        self.conn.abandon();
        if self.switched && E::Backend::KIND == Kind::Mysql {
            // A synchronous connection is done at the first poll, an abandoned
            // asynchronous one refuses there.
            let sql = self.switch.set_sql(Kind::Mysql, false);
            let reset = std::pin::pin!(self.conn.batch(&sql));
            let _ = reset.poll(&mut Context::from_waker(Waker::noop()));
        }
    }
}
