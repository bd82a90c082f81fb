//! What differs between the engines, in expressions.

use super::raw::{Raw, Splice, raw};
use crate::engine::Kind;

/// A quoted name.
pub(crate) fn quoted(kind: Kind, name: &str) -> Raw {
    let quote = if kind == Kind::Mysql { '`' } else { '"' };
    Raw::trusted(super::literal::quoted(name, quote))
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
pub(crate) fn as_text(kind: Kind, expression: impl Splice) -> Raw {
    match kind {
        Kind::Mysql => raw!("CAST({expression} AS CHAR)", expression),
        Kind::Sqlite | Kind::Postgres => raw!("CAST({expression} AS TEXT)", expression),
    }
}

/// `one.a = other.a AND one.b = other.b`: two aliases mean one row, by its key.
pub(crate) fn same_key(kind: Kind, key: &[&str], one: impl Splice, other: impl Splice) -> Raw {
    let same = key.iter().map(|column| {
        let column = quoted(kind, column);
        raw!("{one}.{column} = {other}.{column}", one, column, other)
    });
    Raw::join(same, " AND ")
}

/// Whether two expressions of one type have another value, byte by byte: a changed
/// case is a change, whatever the collation says, and so is a type's change that
/// its own equality does not see (`citext`, `interval`).
pub(crate) fn differs(kind: Kind, one: impl Splice, other: impl Splice) -> Raw {
    match kind {
        Kind::Sqlite => raw!("{one} COLLATE BINARY IS NOT {other}", one, other),
        Kind::Postgres => raw!(
            "pg_catalog.record_image_ne(ROW({one}), ROW({other}))",
            one,
            other
        ),
        // Bytes tell texts apart that a collation calls equal; numbers are not
        // always written out in full.
        Kind::Mysql => raw!(
            "NOT ({one} <=> {other} AND CAST({one} AS BINARY) <=> CAST({other} AS BINARY))",
            one,
            other
        ),
    }
}

/// Whether two values are not the same, nulls included, by the equality of their type.
pub(crate) fn is_distinct(kind: Kind, one: impl Splice, other: impl Splice) -> Raw {
    match kind {
        // `IS DISTINCT FROM` came with 3.39.
        Kind::Sqlite => raw!("{one} IS NOT {other}", one, other),
        Kind::Postgres => raw!("{one} IS DISTINCT FROM {other}", one, other),
        Kind::Mysql => raw!("NOT ({one} <=> {other})", one, other),
    }
}

/// What an `INSERT` says before its values, if they may be those of a key that is
/// `GENERATED ALWAYS AS IDENTITY`.
pub(crate) const fn overriding(kind: Kind) -> &'static str {
    match kind {
        Kind::Postgres => "OVERRIDING SYSTEM VALUE ",
        Kind::Sqlite | Kind::Mysql => "",
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
