//! What the target knows of its mirrors.

use super::super::Cursor;
use crate::engine::{Engine, Kind};
use crate::error::Error;
use crate::executor::Steps;
use crate::text::{Sql, as_text};

const TABLE: &str = "handleref_mirrors";

/// Creates the table and the mirror's row, where they are missing.
pub(super) async fn prepare<T: Steps>(target: &mut T, name: &str) -> Result<(), Error> {
    let (text, options) = match T::Backend::KIND {
        Kind::Mysql => (
            "LONGTEXT",
            " ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        ),
        Kind::Sqlite | Kind::Postgres => ("TEXT", ""),
    };
    if !exists(target).await? {
        let create = format!(
            "CREATE TABLE IF NOT EXISTS {TABLE} (name VARCHAR(190) NOT NULL PRIMARY KEY, position {text}){options}"
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
    let (before, after) = match T::Backend::KIND {
        Kind::Mysql => ("INSERT IGNORE INTO ", ""),
        Kind::Sqlite | Kind::Postgres => ("INSERT INTO ", " ON CONFLICT DO NOTHING"),
    };
    let insert = Sql::new::<T>()
        .sql(before)
        .sql(TABLE)
        .sql(" (name) VALUES (")
        .text(name)
        .sql(")")
        .sql(after);
    target.execute(insert.query()).await?;
    Ok(())
}

/// Whether the table is there; `CREATE TABLE IF NOT EXISTS` may need a right
/// that a mirror in daily use does not have.
async fn exists<T: Steps>(target: &mut T) -> Result<bool, Error> {
    let sql = match T::Backend::KIND {
        Kind::Sqlite => {
            "SELECT COUNT(*), 0 FROM sqlite_master WHERE type = 'table' AND name = 'handleref_mirrors'"
        }
        Kind::Postgres => {
            "SELECT CAST(to_regclass('handleref_mirrors') IS NOT NULL AS INTEGER)::BIGINT, 0::BIGINT"
        }
        Kind::Mysql => {
            "SELECT CAST(COUNT(*) AS SIGNED), CAST(0 AS SIGNED) FROM information_schema.TABLES \
             WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'handleref_mirrors'"
        }
    };
    let found = target.numbers(diesel::sql_query(sql)).await?;
    Ok(found.first().is_some_and(|(tables, _)| *tables > 0))
}

/// Takes the mirror for the rest of the transaction. A write, because SQLite
/// gives its lock for nothing less.
pub(super) async fn lock<T: Steps>(target: &mut T, name: &str) -> Result<(), Error> {
    let sql = Sql::new::<T>()
        .sql("UPDATE ")
        .sql(TABLE)
        .sql(" SET position = position WHERE name = ")
        .text(name);
    target.execute(sql.query()).await?;
    Ok(())
}

/// The text of the position; the outer `None` if there is no row.
async fn read<T: Steps>(target: &mut T, name: &str) -> Result<Option<Option<String>>, Error> {
    let null = as_text::<T>("NULL");
    let sql = Sql::new::<T>()
        .sql(&format!(
            "SELECT position, {null}, {null}, {null} FROM {TABLE} WHERE name = "
        ))
        .text(name);
    let row = target.texts(sql.query()).await?.pop();
    Ok(row.map(|(position, ..)| position))
}

/// As [`position`], whether anything was ever pulled or not.
pub(super) async fn known<T: Steps>(target: &mut T, name: &str) -> Result<Option<Cursor>, Error> {
    match exists(target).await? {
        true => position(target, name).await,
        false => Ok(None),
    }
}

/// How far the mirror is; `None` before its copy is complete.
pub(super) async fn position<T: Steps>(
    target: &mut T,
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

pub(super) async fn store<T: Steps>(
    target: &mut T,
    name: &str,
    cursor: &Cursor,
) -> Result<(), Error> {
    let sql = Sql::new::<T>()
        .sql("UPDATE ")
        .sql(TABLE)
        .sql(" SET position = ")
        .text(&cursor.to_string())
        .sql(" WHERE name = ")
        .text(name);
    target.execute(sql.query()).await?;
    Ok(())
}

pub(super) async fn forget<T: Steps>(target: &mut T, name: &str) -> Result<(), Error> {
    if exists(target).await? {
        let sql = Sql::new::<T>()
            .sql("DELETE FROM ")
            .sql(TABLE)
            .sql(" WHERE name = ")
            .text(name);
        target.execute(sql.query()).await?;
    }
    Ok(())
}
