//! The end of the versions: what follows the greatest one that a column holds.
//!
//! PostgreSQL refuses a number that is too large; MySQL and MariaDB in their
//! strict mode; SQLite stores it in any column, and past 64 bits as a REAL. So
//! the sum itself fails, on every engine and in every statement, with a text
//! that [`versions_end`] knows again.

use super::literal::standard;
use super::raw::{Raw, Splice, raw};
use crate::engine::Kind;

/// The greatest version in an integer of so many bits.
pub(crate) fn greatest(bits: u32) -> i64 {
    match bits {
        16 => i16::MAX.into(),
        32 => i32::MAX.into(),
        _ => i64::MAX,
    }
}

/// The version after `version`, which is SQL; of the table or model of this name.
pub(crate) fn next_sql(kind: Kind, version: impl Splice, bits: u32, of: &str) -> Raw {
    let (greatest, refusal) = (greatest(bits), refusal(kind, &version, bits, of));
    let (least, plus) = (operator(kind, ">="), operator(kind, "+"));
    raw!(
        "CASE WHEN {version} {least} {greatest} THEN {refusal} ELSE {version} {plus} 1 END",
        version,
        least,
        greatest,
        refusal,
        plus
    )
}

/// `version`, if a column of so many bits holds it.
pub(crate) fn held_sql(kind: Kind, version: impl Splice, bits: u32, of: &str) -> Raw {
    let (greatest, refusal) = (greatest(bits), refusal(kind, &version, bits, of));
    let above = operator(kind, ">");
    raw!(
        "CASE WHEN {version} {above} {greatest} THEN {refusal} ELSE {version} END",
        version,
        above,
        greatest,
        refusal
    )
}

/// An operator, which on PostgreSQL means the same in any search path.
fn operator(kind: Kind, name: &'static str) -> Raw {
    match kind {
        Kind::Postgres => raw!("OPERATOR(pg_catalog.{name})", name),
        Kind::Sqlite | Kind::Mysql => name.into(),
    }
}

/// An expression that fails. It looks at the version, so that no engine
/// computes it beforehand.
fn refusal(kind: Kind, version: impl Splice, bits: u32, of: &str) -> Raw {
    let message = standard(&format!("{BEFORE}{of}{AFTER}"));
    match kind {
        Kind::Sqlite => raw!(
            "json_extract('{{}}', {message} || {version})",
            message,
            version
        ),
        Kind::Postgres => {
            let sql_type = match bits {
                16 => "SMALLINT",
                32 => "INTEGER",
                _ => "BIGINT",
            };
            let append = operator(kind, "||");
            raw!(
                "CAST({message} {append} {version} AS {sql_type})",
                message,
                append,
                version,
                sql_type
            )
        }
        // The error shows the sum; a text could not be shown outside of triggers.
        Kind::Mysql => raw!("{version} + {MYSQL}", version, MYSQL),
    }
}

const BEFORE: &str = "handleref: the versions of ";
const AFTER: &str = " are at their end: ";
const MYSQL: &str = "9223372036854775807";

/// The table or model whose versions are at their end, if that is what a message says.
/// MySQL and MariaDB do not name it in a trigger.
pub(crate) fn versions_end(message: &str) -> Option<Option<String>> {
    if let Some((_, rest)) = message.split_once(BEFORE) {
        let (table, _) = rest.split_once(AFTER)?;
        return Some(Some(table.to_owned()));
    }
    let (before, _) = message.split_once(&format!(" + {MYSQL}"))?;
    // `schema`.`table`.`version`
    let mut parts = before.rsplit('`').skip(3);
    let table = parts
        .next()
        .filter(|name| *name != "OLD" && !name.contains('('));
    Some(table.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engines_messages_are_known() {
        let cases = [
            (
                "invalid input syntax for type bigint: \"handleref: the versions of notes are at their end: 9\"",
                Some(Some("notes")),
            ),
            (
                "bad JSON path: 'handleref: the versions of notes are at their end: 9'",
                Some(Some("notes")),
            ),
            (
                "BIGINT value is out of range in '`db`.`notes`.`version` + 9223372036854775807'",
                Some(Some("notes")),
            ),
            (
                "BIGINT value is out of range in '(OLD.version + 9223372036854775807)'",
                Some(None),
            ),
            ("smallint out of range", None),
        ];
        for (message, expected) in cases {
            let found = versions_end(message);
            assert_eq!(found.as_ref().map(Option::as_deref), expected, "{message}");
        }
    }
}
