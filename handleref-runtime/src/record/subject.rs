//! A recorded model without its type.

use super::facts::Recording;
use super::model::{LiveName, Recorded};
use crate::absent::{or_not_installed, without_context};
use crate::engine::{Engine, Kind};
use crate::error::Error;
use crate::executor::Steps;
use crate::model::Roles;
use crate::{context, text};

/// The facts about a model, without its type: what follows is compiled once
/// for each connection, not for each model.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) table: &'static str,
    pub(crate) key: &'static [&'static str],
    pub(crate) recording: Recording,
    pub(crate) roles: Roles,
}

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
    pub(crate) async fn lock<C: Steps>(&self, conn: &mut C) -> Result<(), Error> {
        context::write_lock(conn).await.map_err(without_context)?;
        self.find(conn, text::for_update::<C>()).await
    }

    /// Looks whether there is such a recording.
    pub(super) async fn installed<C: Steps>(&self, conn: &mut C) -> Result<(), Error> {
        self.find(conn, "").await
    }

    async fn find<C: Steps>(&self, conn: &mut C, end: &str) -> Result<(), Error> {
        let sql = text::Sql::new::<C>()
            .sql("SELECT CAST(backfilled AS ")
            .sql(text::integer::<C>())
            .sql("), CAST(0 AS ")
            .sql(text::integer::<C>())
            .sql(") FROM handleref_recordings WHERE record_table = ")
            .text(self.recording.records)
            .sql(&at_home(
                C::Backend::KIND,
                self.table,
                self.recording.records,
            ))
            .sql(end);
        let (model, records) = (self.name, self.recording.records);
        match conn.numbers(sql.query()).await {
            Ok(found) if found.is_empty() => Err(Error::NotInstalled { model, records }),
            Ok(_) => Ok(()),
            Err(error) => Err(or_not_installed(conn, error, (model, records)).await),
        }
    }
}

/// A condition: that the list, a table and its records are in one schema.
/// Otherwise PostgreSQL's search path has gone on to what is somebody else's.
pub(crate) fn at_home(kind: Kind, table: &str, records: &str) -> String {
    if kind != Kind::Postgres {
        return String::new();
    }
    let number = |name: &str| {
        let quoted = text::quoted(kind, name);
        format!("to_regclass({})", text::literal(kind, &quoted))
    };
    format!(
        " AND (SELECT COUNT(DISTINCT relnamespace) FROM pg_catalog.pg_class WHERE oid IN ({}, {}, {})) = 1",
        number("handleref_recordings"),
        number(table),
        number(records),
    )
}
