//! Which database this is.
//!
//! A token that is made with the support tables tells databases apart. On
//! PostgreSQL positions are made of transaction ids, which mean nothing in a
//! copy of a dump and something else after a recovery to a point in time, so
//! there the cluster, the database and the timeline belong to it as well.

use super::snapshot::Snapshot;
use crate::engine::Kind;
use crate::error::Error;
use crate::session::Session;
use crate::sql::Sql;
use diesel::result::QueryResult;

/// A token that no other database has, in SQL.
pub(crate) fn token(kind: Kind) -> &'static str {
    match kind {
        Kind::Sqlite => "lower(hex(randomblob(16)))",
        Kind::Postgres => "replace(gen_random_uuid()::text, '-', '')",
        Kind::Mysql => "REPLACE(UUID(), '-', '')",
    }
}

/// Where the database is, in SQL, if that decides what its records mean.
pub(crate) fn home(kind: Kind) -> &'static str {
    match kind {
        Kind::Sqlite | Kind::Mysql => "''",
        Kind::Postgres => {
            "(SELECT c.system_identifier::text || '/' || d.oid::text FROM pg_control_system() c, pg_database d WHERE d.datname = current_database())"
        }
    }
}

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
            Kind::Sqlite => "(SELECT tick FROM handleref_context)",
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

/// Whether the database was copied to another place since its token was made.
pub(crate) async fn is_copied(conn: &mut dyn Session, table: &str) -> QueryResult<bool> {
    let kind = conn.kind();
    if kind != Kind::Postgres {
        return Ok(false);
    }
    let sql = Sql::new("SELECT home IS DISTINCT FROM ").sql(home(kind));
    let found: Option<(bool,)> = conn.first(sql.sql(" FROM ").made(table.to_owned())).await?;
    Ok(found.is_some_and(|(moved,)| moved))
}

/// What makes a copy a database of its own, on PostgreSQL: as soon as nobody
/// writes records, those that are there are told from those to come.
pub(crate) fn adopt(table: &str, recordings: &str, sequence: &str) -> Vec<String> {
    let (token, home) = (token(Kind::Postgres), home(Kind::Postgres));
    vec![
        format!(
            "DO $handleref$\nDECLARE one text;\nBEGIN\n  FOR one IN SELECT record_table FROM {recordings} LOOP\n    \
             EXECUTE 'LOCK TABLE ' || (SELECT string_agg(quote_ident(part), '.') FROM unnest(string_to_array(one, '.')) AS part) || ' IN SHARE MODE';\n  \
             END LOOP;\nEND\n$handleref$"
        ),
        format!(
            "UPDATE {table} SET token = {token}, home = {home}, born_record = (SELECT last_value FROM {sequence})"
        ),
    ]
}
