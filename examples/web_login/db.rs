//! The database.

use crate::articles::{Article, articles};
use crate::failure::Failure;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::r2d2::{self, ConnectionManager, CustomizeConnection};
use handleref::{Changeset, in_changeset};
use std::error::Error;
use std::path::Path;

pub type Pool = r2d2::Pool<ConnectionManager<SqliteConnection>>;

/// SQLite has one writer at a time; the others wait for him.
#[derive(Debug)]
struct Patient;

impl CustomizeConnection<SqliteConnection, r2d2::Error> for Patient {
    fn on_acquire(&self, conn: &mut SqliteConnection) -> Result<(), r2d2::Error> {
        conn.batch_execute("PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON")
            .map_err(r2d2::Error::QueryError)
    }
}

pub fn open(database: &Path) -> Result<Pool, Box<dyn Error>> {
    let path = database.to_str().ok_or("the path is no UTF-8")?;
    let pool = r2d2::Pool::builder()
        .max_size(4)
        .connection_customizer(Box::new(Patient))
        .build(ConnectionManager::new(path))?;
    Ok(pool)
}

/// Creates what is not there yet.
pub fn create(conn: &mut SqliteConnection) -> Result<(), Failure> {
    conn.batch_execute(
        "PRAGMA journal_mode = WAL;
         CREATE TABLE IF NOT EXISTS users (
             id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, password_hash TEXT NOT NULL
         );
         CREATE TABLE IF NOT EXISTS articles (
             id INTEGER PRIMARY KEY, title TEXT NOT NULL, body TEXT NOT NULL
         );",
    )?;
    handleref::schema![Article].install(conn)?;
    if articles::table.count().get_result::<i64>(conn)? > 0 {
        return Ok(());
    }
    let meta = Changeset::by("setup").comment("the first articles");
    in_changeset(conn, meta, |conn| {
        for title in ["Ownership", "Borowing"] {
            diesel::insert_into(articles::table)
                .values((articles::title.eq(title), articles::body.eq("..")))
                .execute(conn)?;
        }
        Ok(())
    })
}
