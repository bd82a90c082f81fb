//! What a transaction says to the triggers: that recording is paused, that the
//! door of the record tables is open, which changeset it is.

use crate::engine::{Engine, Kind};
use crate::error::Error;
use crate::executor::{Steps, after_failure};
use diesel::result::{Error as DieselError, QueryResult};
use std::future::Future;
use std::task::{Context, Waker};

/// A switch that triggers look at. It holds for one transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Switch {
    /// Nothing is recorded.
    Paused,
    /// Records may be changed and deleted.
    Door,
    /// Records carry this number.
    Changeset,
}

impl Switch {
    fn name(self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::Door => "door",
            Self::Changeset => "changeset",
        }
    }

    pub(crate) fn on_sql(self, kind: Kind, value: i64) -> String {
        let name = self.name();
        match kind {
            Kind::Sqlite => format!("UPDATE handleref_context SET {name} = {value}"),
            Kind::Postgres => format!("SELECT set_config('handleref.{name}', '{value}', true)"),
            Kind::Mysql => format!("SET @handleref_{name} = {value}"),
        }
    }

    fn off_sql(self, kind: Kind) -> String {
        let name = self.name();
        match (kind, self) {
            (Kind::Sqlite, Self::Changeset) => {
                "UPDATE handleref_context SET changeset = NULL".into()
            }
            (Kind::Sqlite, _) => format!("UPDATE handleref_context SET {name} = 0"),
            (Kind::Postgres, _) => format!("SELECT set_config('handleref.{name}', '', true)"),
            (Kind::Mysql, _) => format!("SET @handleref_{name} = NULL"),
        }
    }

    /// What it is set to; none if it is off.
    pub(crate) async fn read<C: Steps>(self, conn: &mut C) -> QueryResult<Option<i64>> {
        let name = self.name();
        let sql = match C::Backend::KIND {
            Kind::Sqlite => format!("SELECT COALESCE({name}, 0), 0 FROM handleref_context"),
            Kind::Postgres => format!(
                "SELECT CAST(COALESCE(NULLIF(current_setting('handleref.{name}', true), ''), '0') AS BIGINT), \
                 CAST(0 AS BIGINT)"
            ),
            Kind::Mysql => {
                format!("SELECT CAST(COALESCE(@handleref_{name}, 0) AS SIGNED), CAST(0 AS SIGNED)")
            }
        };
        let found = conn.numbers(diesel::sql_query(sql)).await?.pop();
        Ok(found.map(|(value, _)| value).filter(|value| *value != 0))
    }
}

/// Takes the write lock of SQLite, which has to come before the first read of a
/// transaction: it cannot be had any more if somebody wrote in between.
pub(crate) async fn write_lock<C: Steps>(conn: &mut C) -> QueryResult<()> {
    if C::Backend::KIND == Kind::Sqlite {
        conn.batch("UPDATE handleref_context SET tick = tick")
            .await?;
    }
    Ok(())
}

/// What ends every switch of SQLite. They are in the file, and are off in what
/// is committed, unless somebody has committed by SQL inside a scope. Then they
/// would be on for every writer and for ever.
pub(crate) const ALL_OFF: &str = "SET paused = 0, door = 0, changeset = NULL, amending = 0";

/// A transaction (or a savepoint in one) with a switch on.
///
/// Off it is again on every way out. What PostgreSQL and SQLite know of it goes
/// with the transaction, unless the transaction was committed by SQL inside it,
/// which is looked after where a scope ends and where the next one begins; MySQL's is a variable of the session, so it is reset
/// by a statement: before the commit, after a rollback, and after a panic. A
/// dropped future leaves an asynchronous connection that refuses everything.
pub(crate) struct Scope<'a, E: Steps> {
    conn: &'a mut E,
    /// How many transactions and savepoints are around it.
    outer: u32,
    /// What it has switched on.
    switched: Option<Switch>,
    open: bool,
}

impl<'a, E: Steps> Scope<'a, E> {
    /// A transaction with nothing switched on yet.
    pub(crate) async fn open(conn: &'a mut E) -> Result<Self, Error> {
        let outer = conn.depth()?;
        // Armed before the first await, as `Transaction` is.
        let mut this = Self {
            conn,
            outer,
            switched: None,
            open: true,
        };
        if let Err(error) = this.conn.begin().await {
            this.open = false;
            return Err(error.into());
        }
        // With nothing around it, nothing can be on that means something.
        let locked = match (E::Backend::KIND, outer) {
            (Kind::Sqlite, 0) => {
                let sql = format!("UPDATE handleref_context {ALL_OFF}");
                this.conn.batch(&sql).await
            }
            _ => write_lock(this.conn).await,
        };
        match locked {
            Ok(()) => Ok(this),
            Err(error) => this.finish(Err(error.into())).await,
        }
    }

    /// A transaction with a switch on, whether it was before or not.
    pub(crate) async fn begin(conn: &'a mut E, switch: Switch) -> Result<Self, Error> {
        let mut this = Self::open(conn).await?;
        let result = match this.read(switch).await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => this.switch_on(switch, 1).await,
            Err(error) => Err(error),
        };
        match result {
            Ok(()) => Ok(this),
            Err(error) => this.finish(Err(error)).await,
        }
    }

    /// What a switch is set to by a scope around this one. What a session
    /// still says outside of every transaction means nothing.
    pub(crate) async fn read(&mut self, switch: Switch) -> Result<Option<i64>, Error> {
        match self.outer {
            0 => Ok(None),
            _ => Ok(switch.read(self.conn).await?),
        }
    }

    /// Sets what is off so far.
    pub(crate) async fn switch_on(&mut self, switch: Switch, value: i64) -> Result<(), Error> {
        self.will_switch(switch);
        let sql = switch.on_sql(E::Backend::KIND, value);
        Ok(self.conn.batch(&sql).await?)
    }

    /// Says that a statement of the caller's sets a switch.
    pub(crate) fn will_switch(&mut self, switch: Switch) {
        self.switched = Some(switch);
    }

    /// Whether this scope has switched something on; not inside another such scope.
    pub(crate) fn switched(&self) -> bool {
        self.switched.is_some()
    }

    /// The connection inside the transaction.
    pub(crate) fn conn(&mut self) -> &mut E {
        self.conn
    }

    /// The same, to look at.
    pub(crate) fn shared(&self) -> &E {
        self.conn
    }

    /// Commits if `result` is good and rolls back otherwise; also if another
    /// transaction is open in this one (a future of Diesel's was dropped) or
    /// this one has ended already.
    pub(crate) async fn finish<T, R: From<Error>>(mut self, result: Result<T, R>) -> Result<T, R> {
        let mut result = result;
        if result.is_ok() && !self.conn.depth().is_ok_and(|depth| depth == self.outer + 1) {
            result = Err(Error::Database(DieselError::BrokenTransactionManager).into());
        }
        // PostgreSQL forgets it with the transaction.
        let stays = E::Backend::KIND != Kind::Postgres || self.outer > 0;
        if let (Ok(_), Some(switch)) = (&result, self.switched.filter(|_| stays))
            && let Err(error) = self.conn.batch(&switch.off_sql(E::Backend::KIND)).await
        {
            result = Err(Error::from(error).into());
        }
        let ended = match result {
            Ok(value) => self.conn.commit().await.map(|()| value),
            Err(error) => {
                // The first error says more than that its connection is broken.
                let _ = self.roll_back().await;
                return Err(error);
            }
        };
        self.open = false;
        if ended.is_err() {
            after_failure(self.conn, self.outer, false).await;
            if let (Kind::Sqlite, Some(switch)) = (E::Backend::KIND, self.switched) {
                self.unstick(switch).await;
            }
        }
        ended.map_err(|error| Error::from(error).into())
    }

    /// Rolls back.
    pub(crate) async fn roll_back(mut self) -> Result<(), Error> {
        // Whatever is still open in it goes first.
        let ended = loop {
            match self.conn.depth() {
                Ok(depth) if depth > self.outer => {
                    if let Err(error) = self.conn.rollback().await {
                        break Err(error);
                    }
                }
                other => break other,
            }
        };
        after_failure(self.conn, self.outer, ended.is_ok()).await;
        match (E::Backend::KIND, self.switched) {
            (Kind::Mysql, Some(switch)) => {
                let _ = self.conn.raw(&switch.off_sql(Kind::Mysql)).await;
            }
            (Kind::Sqlite, Some(switch)) => self.unstick(switch).await,
            _ => {}
        }
        self.open = false;
        ended?;
        Ok(())
    }

    /// Ends a switch of SQLite that a `COMMIT` inside has stored.
    async fn unstick(&mut self, switch: Switch) {
        let off = switch.off_sql(Kind::Sqlite);
        if self.conn.usable().is_err() {
            // What nobody is going to commit must not take this along.
            let _ = self.conn.raw("ROLLBACK").await;
            let _ = self.conn.raw(&off).await;
            let _ = self.conn.raw("BEGIN").await;
        } else if !matches!(switch.read(self.conn).await, Ok(None)) {
            let _ = self.conn.raw(&off).await;
        }
    }
}

impl<E: Steps> Drop for Scope<'_, E> {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        self.conn.abandon(self.outer);
        if let (Kind::Mysql, Some(switch)) = (E::Backend::KIND, self.switched) {
            // A synchronous connection is done at the first poll; an abandoned
            // asynchronous one has lost its session.
            let sql = switch.off_sql(Kind::Mysql);
            let reset = std::pin::pin!(self.conn.raw(&sql));
            let _ = reset.poll(&mut Context::from_waker(Waker::noop()));
        }
    }
}
