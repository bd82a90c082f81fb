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

/// A time as a text that [`parse_time`](super::parse_time) reads, whatever the
/// session says about dates: PostgreSQL would show it by `DateStyle`, so there it
/// is a number.
pub(crate) fn time_as_text(kind: Kind, expression: &str) -> String {
    match kind {
        Kind::Postgres => format!(
            "('@' || CAST(CAST(EXTRACT(EPOCH FROM {expression}) * 1000000 AS BIGINT) AS TEXT))"
        ),
        Kind::Sqlite | Kind::Mysql => as_text(kind, expression),
    }
}
