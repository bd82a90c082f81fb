//! Which database this is.
//!
//! A token that is made with the support tables tells databases apart. On
//! PostgreSQL positions are made of transaction ids, which mean nothing in a
//! copy of a dump and something else after a recovery to a point in time, so
//! there the cluster, the database and the timeline belong to it as well.

use super::snapshot::Snapshot;
use crate::context::identity::home;
use crate::context::numbers::LAST_OF_SQLITE;
use crate::engine::Kind;
use crate::error::Error;
use crate::session::Session;
use crate::sql::Sql;

/// What a reader has to know of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    /// As cursors have it.
    pub(super) token: String,
    /// Records up to this one came with a copy.
    pub(super) born: i64,
    /// The last stamp (MySQL, MariaDB) or tick (SQLite), or the last number that
    /// the sequence gave (PostgreSQL).
    pub(super) last: i64,
    /// What is seen (PostgreSQL).
    pub(super) shows: Option<Snapshot>,
}

/// The end of the name, on PostgreSQL; elsewhere the text is fixed.
const TIMELINE: &str = "CASE WHEN pg_is_in_recovery() THEN 'standby' ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END";

/// Reads it.
pub(super) async fn identify(conn: &mut dyn Session) -> Result<Identity, Error> {
    if conn.kind() != Kind::Postgres {
        let last = match conn.kind() {
            Kind::Sqlite => LAST_OF_SQLITE,
            _ => "stamp",
        };
        let sql = Sql::new("SELECT token, born_record, ").sql(last);
        let (token, born, last) = conn.one(sql.sql(" FROM handleref_database")).await?;
        return Ok(Identity {
            token,
            born,
            last,
            shows: None,
        });
    }
    let sql = Sql::new("SELECT token, born_record, ")
        .sql("(SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM handleref_record_id), ")
        .sql("pg_current_snapshot()::text, home = ")
        .sql(home(Kind::Postgres))
        .sql(", ")
        .sql(TIMELINE)
        .sql(" FROM handleref_database");
    let (mut token, born, last, shows, here, timeline): (
        String,
        _,
        _,
        String,
        Option<bool>,
        String,
    ) = conn.one(sql).await?;
    match (here, timeline.as_str()) {
        (Some(true), "standby") => Err(Error::Standby),
        (Some(true), timeline) => {
            token.push_str(timeline.trim_start_matches('0'));
            Ok(Identity {
                token,
                born,
                last,
                shows: Snapshot::read(&shows),
            })
        }
        _ => Err(Error::Copied),
    }
}
