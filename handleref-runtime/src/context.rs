//! What a transaction says to the triggers: that recording is paused, that the
//! door of the record tables is open, which changeset it is.

pub(crate) mod handed;
mod home;
pub(crate) mod identity;
pub(crate) mod numbers;

pub(crate) use home::Home;

use crate::engine::Kind;
use crate::error::Error;
use crate::session::absent::{HISTORY, or_not_installed, without_context};
use crate::session::{Session, abandon, after_failure};
use crate::sql::{Raw, Splice, Sql, literal, raw};
use diesel::result::{Error as DieselError, QueryResult};

/// Switches recording off, or opens the door of the record tables: a function
/// (PostgreSQL) or procedure (MySQL, MariaDB) of ours.
pub(crate) const SWITCH: &str = "handleref_switch";
/// Stores the beginning of a changeset, and says its number to the triggers.
pub(crate) const OPEN_CHANGESET: &str = "handleref_open_changeset";
/// The routine that gives a changeset its key.
pub(crate) const ONCE: &str = "handleref_once";
/// Stores the end of a changeset, or forgets it if nothing was recorded.
pub(crate) const CLOSE_CHANGESET: &str = "handleref_close_changeset";
/// Numbers what a reader sees (MySQL, MariaDB).
pub(crate) const STAMP: &str = "handleref_stamp";
/// How many records get a number at a time.
pub(crate) const TURN: usize = 2_000;

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
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::Door => "door",
            Self::Changeset => "changeset",
        }
    }

    /// Its setting on PostgreSQL, in SQL: each home has its own, so that what is
    /// set for the triggers of one schema means nothing in another one. `list`
    /// is the number of the table of changesets there.
    pub(crate) fn setting(self, list: impl Splice) -> Raw {
        raw!(
            "'handleref.{}_' OPERATOR(pg_catalog.||) {list}",
            [self.name()],
            list
        )
    }

    /// The setting by which a person says it to all schemas of the database.
    pub(crate) fn setting_of_all(self) -> Raw {
        raw!("'handleref.{}'", [self.name()])
    }

    /// Switches it on or off. A changeset is [opened](OPEN_CHANGESET) and
    /// [closed](CLOSE_CHANGESET) instead, but on SQLite.
    fn turn_sql(self, kind: Kind, home: &Home, value: Option<i64>) -> Raw {
        let name = self.name();
        match (kind, self, value) {
            (Kind::Sqlite, Self::Changeset, None) => {
                "UPDATE handleref_context SET changeset = NULL".into()
            }
            (Kind::Sqlite, ..) => raw!(
                "UPDATE handleref_context SET {name} = {}",
                [value.unwrap_or_default()],
                name
            ),
            (_, Self::Changeset, _) => self.forget_sql(kind, home),
            (Kind::Postgres, ..) => {
                let on = if value.is_some() { "true" } else { "false" };
                raw!(
                    "SELECT {}('{name}'::text, {on})",
                    [home.table(SWITCH)],
                    name,
                    on
                )
            }
            (Kind::Mysql, ..) => {
                let (switch, on) = (home.table(SWITCH), i32::from(value.is_some()));
                raw!("CALL {switch}('{name}', {on})", switch, name, on)
            }
        }
    }

    /// Ends what the session says; the rest has ended with the transaction.
    fn forget_sql(self, kind: Kind, home: &Home) -> Raw {
        let name = self.name();
        match (kind, self) {
            (Kind::Sqlite, _) => self.turn_sql(kind, home, None),
            (Kind::Postgres, _) => {
                raw!(
                    "SELECT set_config('handleref.{name}_{}', '', true)",
                    [home.list],
                    name
                )
            }
            (Kind::Mysql, Self::Changeset) => match &home.around {
                Some((no, database)) => raw!(
                    "SET @handleref_changeset = {no}, @handleref_changeset_in = {}",
                    [literal(kind, database)],
                    no
                ),
                None => "SET @handleref_changeset = NULL, @handleref_changeset_in = NULL".into(),
            },
            (Kind::Mysql, _) => raw!("SET @handleref_{name} = NULL", name),
        }
    }

    /// What it is set to here; none if it is off.
    pub(crate) async fn read(self, conn: &mut dyn Session) -> QueryResult<Option<i64>> {
        let name = self.name();
        let sql = match conn.kind() {
            Kind::Sqlite => raw!("SELECT COALESCE({name}, 0) FROM handleref_context", name),
            Kind::Postgres => {
                let list = "coalesce(to_regclass('handleref_changesets')::oid, 0::oid)::text";
                raw!(
                    "SELECT CAST(COALESCE(NULLIF(current_setting({}, true), ''), '0') AS BIGINT)",
                    [self.setting(list)]
                )
            }
            Kind::Mysql if self == Self::Changeset => {
                raw!(
                    "SELECT CAST(COALESCE({CHANGESET_HERE}, 0) AS SIGNED)",
                    CHANGESET_HERE
                )
            }
            Kind::Mysql => {
                raw!(
                    "SELECT CAST(COALESCE(@handleref_{name}, 0) AS SIGNED)",
                    name
                )
            }
        };
        let found: Option<(i64,)> = conn.first(Sql::once(sql)).await?;
        Ok(found.map(|(value,)| value).filter(|value| *value != 0))
    }
}

/// The number of the changeset on MySQL, if it is one of this database. In a
/// trigger `DATABASE()` is the one that the trigger is in. Compared by bytes,
/// whatever the collations are.
pub(crate) const CHANGESET_HERE: &str = "IF(CAST(@handleref_changeset_in AS BINARY) <=> CAST(DATABASE() AS BINARY), @handleref_changeset, NULL)";

/// Takes the write lock of SQLite, which has to come before the first read of a
/// transaction: it cannot be had any more if there was a write in between.
pub(crate) async fn write_lock(conn: &mut dyn Session) -> QueryResult<()> {
    if conn.kind() == Kind::Sqlite {
        conn.batch(&"UPDATE handleref_context SET tick = tick".into())
            .await?;
    }
    Ok(())
}

/// What ends every switch of SQLite. They are in the file, and are off in what
/// is committed, unless the user has committed by SQL inside a scope. Then they
/// would be on for every writer and for ever.
pub(crate) const ALL_OFF: &str = "SET paused = 0, door = 0, changeset = NULL, amending = 0";

/// A transaction (or a savepoint in one) with a switch on.
///
/// Off it is again on every way out. What PostgreSQL and SQLite know of it goes
/// with the transaction, unless the transaction was committed by SQL inside it,
/// which is looked after where a scope ends and where the next one begins; MySQL's is a variable of the session, so it is reset
/// by a statement: before the commit, after a rollback, and after a panic. A
/// dropped future leaves an asynchronous connection that refuses everything.
pub(crate) struct Scope<'a, E: Session + ?Sized> {
    conn: &'a mut E,
    /// How many transactions and savepoints are around it.
    outer: u32,
    /// Where it has switched something on.
    home: Home,
    /// What it has switched on there.
    switched: Option<Switch>,
    open: bool,
}

impl<'a, E: Session + ?Sized> Scope<'a, E> {
    /// A transaction with nothing switched on yet.
    pub(crate) async fn open(conn: &'a mut E) -> Result<Self, Error> {
        let outer = conn.depth()?;
        // Armed before the first await, as `Transaction` is.
        let mut this = Self {
            conn,
            outer,
            home: Home::default(),
            switched: None,
            open: true,
        };
        if let Err(error) = this.conn.begin().await {
            this.open = false;
            return Err(error.into());
        }
        // With nothing around it, nothing can be on that means something.
        let locked = match (this.conn.kind(), outer) {
            (Kind::Sqlite, 0) => {
                let sql = raw!("UPDATE handleref_context {ALL_OFF}", ALL_OFF);
                this.conn.batch(&sql).await
            }
            _ => write_lock(this.conn.session()).await,
        };
        match locked {
            Ok(()) => Ok(this),
            Err(error) => this.finish(Err(without_context(error))).await,
        }
    }

    /// A transaction inside of no other one, of a server, begun by several
    /// statements that are sent at once and set a switch; and whether they were good.
    /// If not, the scope is for unwinding.
    pub(crate) async fn open_with(
        conn: &'a mut E,
        begin: &Raw,
        switch: Switch,
    ) -> (Self, Result<(), Error>) {
        let this = Self {
            conn,
            outer: 0,
            home: Home::default(),
            switched: Some(switch),
            open: true,
        };
        let begun = this.conn.begin_with(begin).await;
        if begun.is_err() {
            // Perhaps it has begun all the same, which Diesel does not know.
            let _ = this.conn.raw(&"ROLLBACK".into()).await;
        }
        (this, begun.map_err(Error::from))
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
            Err(error) => {
                Err(or_not_installed(this.unwound().await.session(), error, HISTORY).await)
            }
        }
    }

    /// What a switch is set to by a scope around this one. What a session
    /// still says outside of every transaction means nothing.
    pub(crate) async fn read(&mut self, switch: Switch) -> Result<Option<i64>, Error> {
        match self.outer {
            0 => Ok(None),
            _ => Ok(switch.read(self.conn.session()).await?),
        }
    }

    /// Says that a switch is about to be set, in the place that is meant now.
    pub(crate) async fn will_switch_here(&mut self, switch: Switch) -> Result<(), Error> {
        let mut home = Home::find(self.conn.session()).await?;
        if self.outer == 0 {
            home.around = None;
        }
        self.will_switch(switch, home);
        Ok(())
    }

    /// Sets what is off so far.
    pub(crate) async fn switch_on(&mut self, switch: Switch, value: i64) -> Result<(), Error> {
        self.will_switch_here(switch).await?;
        let sql = switch.turn_sql(self.conn.kind(), &self.home, Some(value));
        Ok(self.conn.batch(&sql).await?)
    }

    /// Says that a switch is set, or is about to be.
    pub(crate) fn will_switch(&mut self, switch: Switch, home: Home) {
        self.switched = Some(switch);
        self.home = home;
    }

    /// Says that the database has taken the switch back. Inside of another
    /// database's changeset that one is set again nevertheless.
    pub(crate) fn is_off(&mut self) {
        if self.home.around.is_none() {
            self.switched = None;
        }
    }

    /// Where this scope has switched something on. What is done inside may mean
    /// another schema or database by now.
    pub(crate) fn home(&self) -> &Home {
        &self.home
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
        // A changeset of PostgreSQL was closed, and is forgotten with the transaction.
        let kind = self.conn.kind();
        let stays = |switch: &Switch| {
            kind != Kind::Postgres || *switch != Switch::Changeset || self.outer > 0
        };
        if let (Ok(_), Some(switch)) = (&result, self.switched.filter(stays))
            && let off = switch.turn_sql(kind, &self.home, None)
            && let Err(error) = self.conn.batch(&off).await
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
            after_failure(self.conn.session(), self.outer, false).await;
            if let (Kind::Sqlite, Some(switch)) = (self.conn.kind(), self.switched) {
                self.unstick(switch).await;
            }
        }
        ended.map_err(|error| Error::from(error).into())
    }

    /// Rolls back.
    pub(crate) async fn roll_back(mut self) -> Result<(), Error> {
        self.unwind().await
    }

    /// Rolls back, and gives the connection as it is then.
    pub(crate) async fn unwound(&mut self) -> &mut E {
        // The first error says more than that its connection is broken.
        let _ = self.unwind().await;
        self.conn
    }

    async fn unwind(&mut self) -> Result<(), Error> {
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
        after_failure(self.conn.session(), self.outer, ended.is_ok()).await;
        match (self.conn.kind(), self.switched) {
            (Kind::Mysql, Some(switch)) => {
                let _ = self
                    .conn
                    .raw(&switch.forget_sql(Kind::Mysql, &self.home))
                    .await;
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
        let off = switch.forget_sql(Kind::Sqlite, &self.home);
        if self.conn.usable().is_err() {
            // What will not be committed must not take this along.
            let _ = self.conn.raw(&"ROLLBACK".into()).await;
            let _ = self.conn.raw(&off).await;
            let _ = self.conn.raw(&"BEGIN".into()).await;
        } else if !matches!(switch.read(self.conn.session()).await, Ok(None)) {
            let _ = self.conn.raw(&off).await;
        }
    }
}

impl<E: Session + ?Sized> Drop for Scope<'_, E> {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        let (switched, home) = (self.switched, &self.home);
        abandon(self.conn, self.outer, || {
            Some(switched?.forget_sql(Kind::Mysql, home))
        });
    }
}
