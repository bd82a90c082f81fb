//! What differs between the engines, in expressions.

use crate::engine::Kind;

/// A quoted name.
pub(crate) fn quoted(kind: Kind, name: &str) -> String {
    let quote = if kind == Kind::Mysql { '`' } else { '"' };
    super::literal::quoted(name, quote)
}

/// The 64-bit integer that a value can be cast to.
pub(crate) const fn integer(kind: Kind) -> &'static str {
    match kind {
        Kind::Sqlite => "INTEGER",
        Kind::Postgres => "BIGINT",
        Kind::Mysql => "SIGNED",
    }
}

/// `CAST(expression AS <text>)`
pub(crate) fn as_text(kind: Kind, expression: &str) -> String {
    match kind {
        Kind::Mysql => format!("CAST({expression} AS CHAR)"),
        Kind::Sqlite | Kind::Postgres => format!("CAST({expression} AS TEXT)"),
    }
}

/// Whether two expressions of one type have another value, byte by byte: a changed
/// case is a change, whatever the collation says, and so is a type's change that
/// its own equality does not see (`citext`, `interval`).
pub(crate) fn differs(kind: Kind, one: &str, other: &str) -> String {
    match kind {
        Kind::Sqlite => format!("{one} COLLATE BINARY IS NOT {other}"),
        Kind::Postgres => format!("pg_catalog.record_image_ne(ROW({one}), ROW({other}))"),
        // Bytes tell texts apart that a collation calls equal; numbers are not
        // always written out in full.
        Kind::Mysql => {
            format!("NOT ({one} <=> {other} AND CAST({one} AS BINARY) <=> CAST({other} AS BINARY))")
        }
    }
}

/// The end of a query that locks its rows; on SQLite the whole database is.
pub(crate) const fn for_update(kind: Kind) -> &'static str {
    match kind {
        Kind::Sqlite => "",
        Kind::Postgres | Kind::Mysql => " FOR UPDATE",
    }
}

/// As [`for_update`], against writers alone.
pub(crate) const fn for_share(kind: Kind) -> &'static str {
    match kind {
        Kind::Sqlite => "",
        Kind::Postgres => " FOR SHARE",
        Kind::Mysql => " LOCK IN SHARE MODE",
    }
}
