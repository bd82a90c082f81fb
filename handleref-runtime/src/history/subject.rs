//! A recorded model without its type.

use super::model::{LiveName, Recorded};
pub(crate) use crate::any::Subject;
use crate::context;
use crate::engine::Kind;
use crate::error::Error;
use crate::schema::RecordedTable;
use crate::session::Session;
use crate::session::absent::{or_not_installed, without_context};
use crate::sql::{Raw, Sql, literal, quoted, raw};

impl Subject {
    pub(crate) fn of<M: Recorded>() -> Self {
        Self {
            name: M::RECORDED_NAME,
            table: M::LiveTable::SQL_NAME,
            key: M::RECORDED_KEY,
            recording: M::RECORDING,
            roles: M::RECORDED_ROLES,
        }
    }

    /// Takes the row of this recording in `handleref_recordings` for the rest
    /// of the transaction: holds, prunes and erasures of a model go one after
    /// the other.
    pub(crate) async fn lock(&self, conn: &mut dyn Session) -> Result<(), Error> {
        context::write_lock(conn).await.map_err(without_context)?;
        self.find(conn.session(), true).await
    }

    /// Looks whether there is such a recording.
    pub(crate) async fn installed(&self, conn: &mut dyn Session) -> Result<(), Error> {
        self.find(conn.session(), false).await
    }

    async fn find(&self, conn: &mut dyn Session, lock: bool) -> Result<(), Error> {
        let (model, records) = (self.name, self.recording.records);
        let sql = Sql::new("SELECT backfilled FROM handleref_recordings WHERE record_table = ")
            .bind(records)
            .made(at_home(conn.kind(), self.table, records));
        let sql = if lock { sql.lock() } else { sql };
        match conn.first::<(bool,)>(sql).await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(Error::NotInstalled { model, records }),
            Err(error) => Err(or_not_installed(conn, error, (model, records)).await),
        }
    }
}

impl RecordedTable {
    /// The table of a model.
    pub(crate) fn of<M: Recorded>() -> Self {
        let names = (M::RECORDED_NAME, M::LiveTable::SQL_NAME);
        Self::named(names, M::RECORDED_KEY, M::RECORDING, M::RECORDED_ROLES)
    }
}

/// A condition: that the list, a table and its records are in one schema.
/// Otherwise PostgreSQL's search path has gone on to another user's.
pub(crate) fn at_home(kind: Kind, table: &str, records: &str) -> Raw {
    if kind != Kind::Postgres {
        return Raw::default();
    }
    let number = |name: &str| raw!("to_regclass({})", [literal(kind, &quoted(kind, name))]);
    raw!(
        " AND (SELECT COUNT(DISTINCT relnamespace) FROM pg_catalog.pg_class WHERE oid IN ({}, {}, {})) = 1",
        [
            number("handleref_recordings"),
            number(table),
            number(records)
        ]
    )
}
