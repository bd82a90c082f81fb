//! The database's clock, and which database it is.

use super::finding::{Area, Cure, Finding, Severity};
use super::{Case, unread};
use crate::engine::Kind;
use crate::error::Error;
use crate::facts::{RECORD_ID, RECORDED_AT};
use crate::schema::RecordedTable;
use crate::session::Session;
use crate::sql::{Sql, raw};
use std::time::{SystemTime, UNIX_EPOCH};

/// Clocks may differ by so many seconds.
const SKEW: i64 = 5;

pub(super) async fn examine(conn: &mut dyn Session, case: &Case, findings: &mut Vec<Finding>) {
    for table in &case.tables {
        let object = table.recording.records;
        match future(conn, table).await {
            Ok((number, Some(first))) if number > 0 => findings.push(
                Finding::new(
                    Area::Clock,
                    Severity::Failure,
                    format!("{number} records are of a time that is yet to come, the first is record {first}"),
                )
                .model(table.model)
                .of(object)
                .cure(Cure::words(
                    "a clock was wrong, and time travel to now does not see them: set the database's clock right, \
                     and correct `recorded_at` of these records by hand, or wait until then",
                )),
            ),
            Ok(_) => {}
            Err(error) => {
                findings.push(unread(Area::Clock, Some(object), &error).model(table.model));
            }
        }
    }
    match skew(conn).await {
        Ok(skew) if skew.abs() > SKEW => findings.push(
            Finding::new(
                Area::Clock,
                Severity::Warning,
                format!("the database's clock differs from this machine's by {skew} seconds"),
            )
            .cure(Cure::words(
                "let a time service (NTP) set the clocks of both machines",
            )),
        ),
        Ok(_) => {}
        Err(error) => findings.push(unread(Area::Clock, None, &error)),
    }
}

async fn future(
    conn: &mut dyn Session,
    table: &RecordedTable,
) -> Result<(i64, Option<i64>), Error> {
    let records = table.records(conn.kind());
    let sql = raw!(
        "SELECT COUNT(*), MIN({RECORD_ID}) FROM {records} WHERE {RECORDED_AT} > ",
        RECORD_ID,
        records,
        RECORDED_AT
    );
    Ok(conn.one(Sql::once(sql).now()).await?)
}

/// By how many seconds the database is ahead.
async fn skew(conn: &mut dyn Session) -> Result<i64, Error> {
    let sql = match conn.kind() {
        Kind::Sqlite => "SELECT CAST(strftime('%s', 'now') AS INTEGER)",
        Kind::Postgres => "SELECT CAST(extract(epoch FROM clock_timestamp()) AS BIGINT)",
        Kind::Mysql => "SELECT CAST(UNIX_TIMESTAMP() AS SIGNED)",
    };
    let (there,): (i64,) = conn.one(Sql::new(sql)).await?;
    let here = SystemTime::now().duration_since(UNIX_EPOCH);
    let here = here.map_or(0, |it| i64::try_from(it.as_secs()).unwrap_or(i64::MAX));
    Ok(there - here)
}

/// The engine with its version.
pub(super) async fn engine(conn: &mut dyn Session) -> Result<String, Error> {
    let (name, sql) = match conn.kind() {
        Kind::Sqlite => ("SQLite", "SELECT sqlite_version()"),
        Kind::Postgres => ("PostgreSQL", "SELECT current_setting('server_version')"),
        Kind::Mysql => ("MySQL", "SELECT CAST(VERSION() AS CHAR)"),
    };
    let (version,): (String,) = conn.one(Sql::new(sql)).await?;
    let name = match version.contains("MariaDB") {
        true => "MariaDB",
        false => name,
    };
    // What a distribution has added.
    let version = version.split([' ', '-']).next().unwrap_or_default();
    Ok(format!("{name} {version}"))
}

/// The database's name; a file's without its folder.
pub(super) async fn database(conn: &mut dyn Session) -> Result<Option<String>, Error> {
    let sql = match conn.kind() {
        Kind::Sqlite => "SELECT file FROM pragma_database_list WHERE name = 'main'",
        Kind::Postgres => "SELECT CAST(current_database() AS TEXT)",
        Kind::Mysql => "SELECT CAST(DATABASE() AS CHAR)",
    };
    let found: Option<(Option<String>,)> = conn.first(Sql::new(sql)).await?;
    let name = found.and_then(|(name,)| name);
    let name = name.map(|it| it.rsplit(['/', '\\']).next().unwrap_or_default().to_owned());
    Ok(name.filter(|it| !it.is_empty()))
}
