//! The application on PostgreSQL: a tenant is a schema.

use super::{Done, values};

pub type Conn = diesel::PgConnection;
pub type Id = uuid::Uuid;
pub use diesel::sql_types::{Jsonb as SettingsSql, Numeric as PriceSql, Uuid as IdSql};

pub const MIGRATIONS: &str = "postgres";

pub fn id(text: &str) -> Done<Id> {
    Ok(text.parse()?)
}

/// `place` is the address of a database.
pub fn open(place: &str, tenant: &str) -> Done<Conn> {
    use diesel::{Connection as _, connection::SimpleConnection as _};
    let mut conn = Conn::establish(place)?;
    conn.batch_execute(&format!(
        "SET client_min_messages = warning; CREATE SCHEMA IF NOT EXISTS {tenant}; SET search_path = {tenant}"
    ))?;
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
