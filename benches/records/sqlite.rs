//! SQLite, in a file.

#[path = "engine/mod.rs"]
mod engine;

use crate::{Failure, Wanted};
use diesel::Connection;
use diesel::connection::SimpleConnection;

pub(crate) use engine::run;

pub(crate) type Conn = diesel::SqliteConnection;

pub(crate) const TEXT: &str = "TEXT";
pub(crate) const TIME: &str = "TIMESTAMP";
/// Now, as Diesel writes it.
pub(crate) const NOW: &str = "strftime('%Y-%m-%d %H:%M:%f', 'now')";
pub(crate) const RISING: &str = "INTEGER PRIMARY KEY";
/// UPDATE and INSERT in one statement, where that can be said.
pub(crate) const AT_ONCE: Option<&str> = None;
/// What records are inserted with that readers have seen before: a column, its
/// value, and what is to be done afterwards.
pub(crate) const STAMP: (&str, &str, &str) = ("", "", "SELECT 1");
/// Between integers that give an integer.
pub(crate) const DIVIDED: &str = "/";
/// Whether the engine itself can keep the history of a table.
pub(crate) const OWN_HISTORY: bool = false;
/// What a tracked write may take beside an untracked one at default durability.
pub(crate) const SINGLE_GOAL: f64 = 1.15;
/// How many seconds a backfill may take.
pub(crate) const BACKFILL_GOAL: Option<f64> = None;

/// There are no roles.
pub(crate) const OWNED: Option<(&str, &str)> = None;

pub(crate) struct Database {
    file: std::path::PathBuf,
    durable: bool,
}

impl Database {
    pub(crate) fn new(wanted: &Wanted) -> Result<Self, Failure> {
        let name = format!("handleref-bench-{}.sqlite", std::process::id());
        // Not the system's temporary folder, which may be in memory.
        let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
        std::fs::create_dir_all(folder)?;
        let database = Self {
            file: folder.join(name),
            durable: wanted.durable,
        };
        database.remove();
        Ok(database)
    }

    pub(crate) fn connect(&self) -> Result<Conn, Failure> {
        let path = self.file.to_str().ok_or("a path that is no text")?;
        let mut conn = Conn::establish(path)?;
        let level = if self.durable { "FULL" } else { "OFF" };
        conn.batch_execute(&format!("PRAGMA synchronous = {level}"))?;
        Ok(conn)
    }

    fn remove(&self) {
        for suffix in ["", "-journal", "-wal", "-shm"] {
            let mut file = self.file.clone().into_os_string();
            file.push(suffix);
            let _ = std::fs::remove_file(file);
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.remove();
    }
}

/// The numbers `i` from one to another, as an item of FROM.
pub(crate) fn series(from: i64, to: i64) -> String {
    format!(
        "(WITH RECURSIVE s(i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM s WHERE i < {to}) SELECT i FROM s) AS s"
    )
}

pub(crate) fn filler(bytes: i64) -> String {
    format!("substr(hex(zeroblob({bytes})), 1, {bytes})")
}

/// A moment, some seconds after another one.
pub(crate) fn later(start: &str, seconds: &str) -> String {
    format!("strftime('%Y-%m-%d %H:%M:%f', '{start}', '+' || ({seconds}) || ' seconds')")
}

pub(crate) fn pause(conn: &mut Conn, on: bool) -> Result<(), Failure> {
    let on = i32::from(on);
    Ok(conn.batch_execute(&format!("UPDATE handleref_context SET paused = {on}"))?)
}

/// Whether records may be deleted.
pub(crate) fn door(conn: &mut Conn, open: bool) -> Result<(), Failure> {
    let open = i32::from(open);
    Ok(conn.batch_execute(&format!("UPDATE handleref_context SET door = {open}"))?)
}

/// Numbers for records that are inserted by hand: an expression, and what is
/// to be done afterwards.
pub(crate) fn record_number(records: &str) -> (String, String) {
    (
        "(SELECT tick FROM handleref_context) + i".into(),
        format!("UPDATE handleref_context SET tick = (SELECT max(record_id) FROM {records})"),
    )
}

/// What is done between rounds, so that none pays for the one before.
pub(crate) fn tidy(_: &mut Conn, _: &[&str]) -> Result<(), Failure> {
    Ok(())
}

pub(crate) fn analyze(conn: &mut Conn, _: &str) -> Result<(), Failure> {
    Ok(conn.batch_execute("ANALYZE")?)
}
