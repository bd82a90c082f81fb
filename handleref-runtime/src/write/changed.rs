//! Whether an `UPDATE` changes anything, in SQL.
//!
//! A change is told from the text of the assignments alone, as the types of the
//! columns are not known here. What cannot be told apart from a change counts as
//! one: an expression, JSON in another spelling, a fraction that the column drops.

use crate::engine::{Engine, Kind};
use crate::sql::{Raw, raw};
use diesel::internal::derives::multiconnection::AstPassHelper;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::QueryResult;

/// The names that a changeset assigns, quoted, if it assigns nothing but bound values.
/// An expression may do something (`nextval`), and must not be evaluated twice.
pub(super) fn plain<DB: Engine>(assignments: &str) -> Option<Vec<Raw>> {
    let quote = if DB::KIND == Kind::Mysql || DB::KIND == Kind::Sqlite {
        '`'
    } else {
        '"'
    };
    let mut names = Vec::new();
    let mut rest = assignments;
    loop {
        let name = quoted_name(rest, quote)?;
        let value = rest[name.len()..].strip_prefix(" = ")?;
        let after = match value.strip_prefix('$') {
            Some(number) => number.trim_start_matches(|digit: char| digit.is_ascii_digit()),
            None => value.strip_prefix('?')?,
        };
        names.push(Raw::of_diesel(name.to_owned()));
        match after.strip_prefix(", ") {
            Some(next) => rest = next,
            None => return after.is_empty().then_some(names),
        }
    }
}

/// The quoted name at the beginning of a text; a quotation mark in it is doubled.
fn quoted_name(text: &str, quote: char) -> Option<&str> {
    let inner = text.strip_prefix(quote)?;
    let mut chars = inner.char_indices();
    while let Some((at, char)) = chars.next() {
        if char == quote && !inner[at + 1..].starts_with(quote) {
            return Some(&text[..at + 2]);
        }
        if char == quote {
            chars.next();
        }
    }
    None
}

/// Whether one of these columns holds another value than the one that it is assigned,
/// where the assignments have the first parameters of the statement. On MySQL parameters
/// have no numbers: there the values are [bound once more](bind_again).
pub(super) fn differs(kind: Kind, table: &Raw, names: &[Raw]) -> Raw {
    let each = |one: fn(Kind, &Raw, &Raw, usize) -> Raw| {
        let one = |(at, name)| one(kind, table, name, at + 1);
        Raw::join(names.iter().enumerate().map(one), " OR ")
    };
    let any = each(differs_itself);
    match kind {
        // Where the session shortens the text of a number, the text says nothing.
        Kind::Postgres => raw!(
            "((SELECT pg_catalog.current_setting('extra_float_digits')::int < 1) OR {any})",
            any
        ),
        Kind::Sqlite => raw!("({any})", any),
        Kind::Mysql => raw!("({any} OR {})", [each(differs_in_bytes)], any),
    }
}

fn differs_itself(kind: Kind, table: &Raw, name: &Raw, number: usize) -> Raw {
    match kind {
        // Every type has a text, and not every one an equality.
        Kind::Postgres => raw!(
            "CAST({table}.{name} AS TEXT) COLLATE \"C\" IS DISTINCT FROM CAST(${number} AS TEXT) COLLATE \"C\"",
            table,
            name,
            number
        ),
        Kind::Sqlite => raw!(
            "{table}.{name} COLLATE BINARY IS NOT ?{number}",
            table,
            name,
            number
        ),
        Kind::Mysql => raw!("NOT ({table}.{name} <=> ?)", table, name),
    }
}

/// Of a text on MySQL: under most collations a changed case is none. Numbers and times
/// have the collation `binary`.
fn differs_in_bytes(_: Kind, table: &Raw, name: &Raw, _: usize) -> Raw {
    raw!(
        "(COLLATION({table}.{name}) <> 'binary' AND NOT (BINARY CONVERT({table}.{name} USING utf8mb4) <=> BINARY ?))",
        table,
        name
    )
}

/// Binds the values of assignments for [`differs`], which on MySQL has each of them twice.
pub(super) fn bind_again<'b, DB, V>(values: &'b V, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()>
where
    DB: Engine,
    V: QueryFragment<DB>,
{
    if DB::KIND == Kind::Mysql && out.bind_collector().is_some() {
        values.walk_ast(out.reborrow())?;
        values.walk_ast(out.reborrow())?;
    }
    Ok(())
}

#[cfg(all(test, feature = "sqlite", feature = "postgres_backend"))]
mod tests {
    use super::*;

    #[test]
    fn only_values_are_compared() {
        let names = |text| {
            let names = plain::<diesel::sqlite::Sqlite>(text);
            names.map(|names| {
                names
                    .iter()
                    .map(|name| name.to_string())
                    .collect::<Vec<_>>()
            })
        };
        assert_eq!(names("`a` = ?"), Some(vec!["`a`".to_owned()]));
        assert_eq!(
            names("`a``, ` = ?, `b` = ?"),
            Some(vec!["`a``, `".to_owned(), "`b`".to_owned()])
        );
        for text in [
            "",
            "`a` = ? + 1",
            "`a` = (`t`.`a` + ?)",
            "`a` = NULL",
            "`a` = ?, random()",
        ] {
            assert_eq!(names(text), None, "{text}");
        }
        assert!(plain::<diesel::pg::Pg>("\"a\" = $1, \"b\" = $12").is_some());
        assert!(plain::<diesel::pg::Pg>("\"a\" = $1::text").is_none());
    }
}
