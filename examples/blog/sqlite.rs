//! The blog on SQLite.

pub type Connection =
    diesel_async::sync_connection_wrapper::SyncConnectionWrapper<diesel::SqliteConnection>;
pub const ID: &str = "id INTEGER PRIMARY KEY";
/// SQLite has one writer at a time; the others wait for him.
pub const SETUP: &str =
    "PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON; PRAGMA journal_mode = WAL";

#[path = "database.rs"]
pub mod database;
#[path = "server.rs"]
pub mod server;
