//! Names and texts inside SQL.

use super::raw::Raw;
use crate::engine::Kind;

/// `name` between `quote`s, with those inside doubled.
pub(crate) fn quoted(name: &str, quote: char) -> String {
    let mut out = String::with_capacity(name.len() + 2);
    out.push(quote);
    for c in name.chars() {
        if c == quote {
            out.push(quote);
        }
        out.push(c);
    }
    out.push(quote);
    out
}

/// `text` as a string literal of standard SQL: for SQLite, and for PostgreSQL
/// with `standard_conforming_strings`, which is the default.
pub(crate) fn standard(text: &str) -> Raw {
    Raw::trusted(quoted(text, '\''))
}

/// `text` as a literal of MySQL: written in hexadecimal, it means the same with
/// and without `NO_BACKSLASH_ESCAPES`, whatever the connection's character set.
pub(crate) fn hex(text: &str) -> Raw {
    if text.is_empty() {
        return "''".into();
    }
    Raw::trusted(format!("_utf8mb4 x'{}'", digits(text)))
}

fn digits(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// `text` as a literal, whatever the connection says about backslashes.
pub(crate) fn literal(engine: Kind, text: &str) -> Raw {
    match engine {
        // SQLite ends a statement at a NUL.
        Kind::Sqlite if text.contains('\0') => {
            Raw::trusted(format!("CAST(x'{}' AS TEXT)", digits(text)))
        }
        Kind::Sqlite => standard(text),
        Kind::Postgres => Raw::from("E").then(standard(&text.replace('\\', "\\\\"))),
        Kind::Mysql => hex(text),
    }
}

/// A hash that stays the same across versions of Rust, since names in
/// databases depend on it.
pub(crate) fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_end_where_the_text_does() {
        let hostile = "it's \\' over";
        assert_eq!(&*literal(Kind::Sqlite, hostile), "'it''s \\'' over'");
        assert_eq!(&*literal(Kind::Postgres, hostile), "E'it''s \\\\'' over'");
        assert_eq!(&*literal(Kind::Mysql, "ä'"), "_utf8mb4 x'c3a427'");
        assert_eq!(&*literal(Kind::Mysql, ""), "''");
        assert_eq!(&*literal(Kind::Sqlite, "a\0b"), "CAST(x'610062' AS TEXT)");
        assert_eq!(quoted("a`b", '`'), "`a``b`");
    }
}
