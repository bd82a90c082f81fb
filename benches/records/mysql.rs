//! MariaDB.

#[path = "engine/mod.rs"]
mod engine;

use crate::{Failure, Wanted};
use diesel::Connection;
use diesel::connection::SimpleConnection;

pub(crate) use engine::run;

pub(crate) type Conn = diesel::MysqlConnection;

pub(crate) const TEXT: &str = "TEXT";
pub(crate) const TIME: &str = "DATETIME(6)";
pub(crate) const NOW: &str = "UTC_TIMESTAMP(6)";
pub(crate) const RISING: &str = "BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY";
/// UPDATE and INSERT in one statement, where that can be said.
pub(crate) const AT_ONCE: Option<&str> = None;
/// What records are inserted with that readers have seen before, a thousand at a
/// time: a column, its value, and what is to be done afterwards.
pub(crate) const STAMP: (&str, &str, &str) = (
    ", record_stamp",
    ", (SELECT stamp FROM handleref_database) + 1 + i DIV 1000",
    "UPDATE handleref_database SET stamp = stamp + 1000000",
);
/// Between integers that give an integer.
pub(crate) const DIVIDED: &str = "DIV";
/// Whether the engine itself can keep the history of a table.
pub(crate) const OWN_HISTORY: bool = true;
/// What a tracked write may take beside an untracked one at default durability.
pub(crate) const SINGLE_GOAL: f64 = 1.15;
/// How many seconds a backfill may take.
pub(crate) const BACKFILL_GOAL: Option<f64> = None;

/// What makes room for a history with an owner, and who that is.
pub(crate) const OWNED: Option<(&str, &str)> = Some((
    "DROP DATABASE IF EXISTS handleref_owned; DROP USER IF EXISTS handleref_bench; \
     CREATE USER handleref_bench; CREATE DATABASE handleref_owned; USE handleref_owned",
    "handleref_bench",
));

pub(crate) struct Database(String);

impl Database {
    pub(crate) fn new(_: &Wanted) -> Result<Self, Failure> {
        let database = Self(crate::server("HANDLEREF_MYSQL_URL")?);
        let mut conn = Conn::establish(&database.0)?;
        conn.batch_execute(
            "DROP DATABASE IF EXISTS handleref_bench; CREATE DATABASE handleref_bench",
        )?;
        Ok(database)
    }

    pub(crate) fn connect(&self) -> Result<Conn, Failure> {
        let mut conn = Conn::establish(&self.0)?;
        conn.batch_execute("USE handleref_bench")?;
        Ok(conn)
    }
}

/// The numbers `i` from one to another, as an item of FROM.
pub(crate) fn series(from: i64, to: i64) -> String {
    format!("(SELECT seq AS i FROM seq_{from}_to_{to}) AS s")
}

pub(crate) fn filler(bytes: i64) -> String {
    format!("REPEAT('x', {bytes})")
}

/// A moment, some seconds after another one.
pub(crate) fn later(start: &str, seconds: &str) -> String {
    format!("TIMESTAMP '{start}' + INTERVAL ({seconds}) SECOND")
}

pub(crate) fn pause(conn: &mut Conn, on: bool) -> Result<(), Failure> {
    let on = if on { "1" } else { "NULL" };
    Ok(conn.batch_execute(&format!("SET @handleref_paused = {on}"))?)
}

/// Whether records may be deleted.
pub(crate) fn door(conn: &mut Conn, open: bool) -> Result<(), Failure> {
    let open = if open { "1" } else { "NULL" };
    Ok(conn.batch_execute(&format!("SET @handleref_door = {open}"))?)
}

/// Numbers for records that are inserted by hand: an expression, and what is
/// to be done afterwards.
pub(crate) fn record_number(_: &str) -> (String, String) {
    ("handleref_next_record()".into(), "DO 1".into())
}

/// What is done between rounds, so that none pays for the one before.
pub(crate) fn tidy(_: &mut Conn, _: &[&str]) -> Result<(), Failure> {
    Ok(())
}

pub(crate) fn analyze(conn: &mut Conn, table: &str) -> Result<(), Failure> {
    // It answers with rows.
    conn.batch_execute(&format!("ANALYZE TABLE {table}"))?;
    Ok(())
}
