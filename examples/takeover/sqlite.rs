//! The application on SQLite: a tenant is a file.

use super::{Done, values};

pub type Conn = diesel::SqliteConnection;
/// A UUID; SQLite has no type for it.
pub type Id = String;
pub use diesel::sql_types::{Numeric as PriceSql, Text as IdSql, Text as SettingsSql};

pub const MIGRATIONS: &str = "sqlite";

pub fn id(text: &str) -> Done<Id> {
    Ok(text.to_owned())
}

/// `place` is a folder.
pub fn open(place: &str, tenant: &str) -> Done<Conn> {
    use diesel::{Connection as _, connection::SimpleConnection as _};
    let mut conn = Conn::establish(&format!("{place}/{tenant}.sqlite"))?;
    conn.batch_execute("PRAGMA foreign_keys = ON")?;
    Ok(conn)
}

#[path = "after.rs"]
pub mod after;
#[path = "before.rs"]
pub mod before;
#[path = "later.rs"]
pub mod later;
#[path = "script.rs"]
pub mod script;
