//! What the target knows of its mirrors.

use crate::engine::Kind;
use crate::error::Error;
use crate::session::Session;
use crate::sql::{Sql, raw};
use crate::sync::Cursor;

const TABLE: &str = "handleref_mirrors";

/// Creates the table and the mirror's row, where they are missing.
pub(super) async fn prepare(target: &mut dyn Session, name: &str) -> Result<(), Error> {
    let (text, options) = match target.kind() {
        Kind::Mysql => (
            "LONGTEXT",
            " ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        ),
        Kind::Sqlite | Kind::Postgres => ("TEXT", ""),
    };
    if !exists(target).await? {
        let create = raw!(
            "CREATE TABLE IF NOT EXISTS {TABLE} (name VARCHAR(190) NOT NULL PRIMARY KEY, position {text}){options}",
            TABLE,
            text,
            options
        );
        if let Err(error) = target.batch(&create).await {
            // Two mirrors may create it at the same time; PostgreSQL refuses one.
            if !exists(target).await? {
                return Err(error.into());
            }
        }
    }
    if read(target, name).await?.is_some() {
        return Ok(());
    }
    let (before, after) = match target.kind() {
        Kind::Mysql => ("INSERT IGNORE INTO ", ""),
        Kind::Sqlite | Kind::Postgres => ("INSERT INTO ", " ON CONFLICT DO NOTHING"),
    };
    let insert = Sql::new("")
        .sql(before)
        .sql(TABLE)
        .sql(" (name) VALUES (")
        .bind(name)
        .sql(")")
        .sql(after);
    target.execute(insert).await?;
    Ok(())
}

/// Whether the table is there; `CREATE TABLE IF NOT EXISTS` may need a right
/// that a mirror in daily use does not have.
async fn exists(target: &mut dyn Session) -> Result<bool, Error> {
    let sql = match target.kind() {
        Kind::Sqlite => {
            "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'handleref_mirrors'"
        }
        Kind::Postgres => "SELECT to_regclass('handleref_mirrors') IS NOT NULL",
        Kind::Mysql => {
            "SELECT COUNT(*) FROM information_schema.TABLES \
             WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'handleref_mirrors'"
        }
    };
    let (exists,) = target.one(Sql::new(sql)).await?;
    Ok(exists)
}

/// Takes the mirror for the rest of the transaction. A write, because SQLite
/// gives its lock for nothing less.
pub(super) async fn lock(target: &mut dyn Session, name: &str) -> Result<(), Error> {
    let sql = Sql::new("UPDATE ")
        .sql(TABLE)
        .sql(" SET position = position WHERE name = ")
        .bind(name);
    target.execute(sql).await?;
    Ok(())
}

/// The text of the position; the outer `None` if there is no row.
async fn read(target: &mut dyn Session, name: &str) -> Result<Option<Option<String>>, Error> {
    let sql = Sql::new("SELECT position FROM ").sql(TABLE);
    let row: Option<(_,)> = target.first(sql.sql(" WHERE name = ").bind(name)).await?;
    Ok(row.map(|(position,)| position))
}

/// As [`position`], whether anything was ever pulled or not.
pub(super) async fn known(target: &mut dyn Session, name: &str) -> Result<Option<Cursor>, Error> {
    match exists(target).await? {
        true => position(target, name).await,
        false => Ok(None),
    }
}

/// How far the mirror is; `None` before its copy is complete.
pub(super) async fn position(
    target: &mut dyn Session,
    name: &str,
) -> Result<Option<Cursor>, Error> {
    let Some(text) = read(target, name).await?.flatten() else {
        return Ok(None);
    };
    let cursor = text.parse().map_err(|error| Error::Mirror {
        what: format!("the position of the mirror `{name}`"),
        reason: format!("{error}; see `Mirror::forget`"),
    })?;
    Ok(Some(cursor))
}

pub(super) async fn store(
    target: &mut dyn Session,
    name: &str,
    cursor: &Cursor,
) -> Result<(), Error> {
    let sql = Sql::new("UPDATE ")
        .sql(TABLE)
        .sql(" SET position = ")
        .bind(cursor.to_string())
        .sql(" WHERE name = ")
        .bind(name);
    target.execute(sql).await?;
    Ok(())
}

pub(super) async fn forget(target: &mut dyn Session, name: &str) -> Result<(), Error> {
    if exists(target).await? {
        let sql = Sql::new("DELETE FROM ")
            .sql(TABLE)
            .sql(" WHERE name = ")
            .bind(name);
        target.execute(sql).await?;
    }
    Ok(())
}
