//! Which types `#[recorded(sql_type = "..")]` may declare, and how a record
//! column gets there.
//!
//! A declared type takes every value that the table's column may have, and is
//! read by Diesel as that column's type is; see `record::declared`. So a text
//! stands for texts and enums of every kind, and a time with a zone for one
//! without, but no text stands for a number.

use super::types::{Step, Type, affinity, step};
use crate::engine::Kind;

/// The labels of an enum of PostgreSQL; `None` if the type is none.
pub(super) type Labels<'a> = &'a dyn Fn(&str) -> Option<Vec<&'a str>>;

/// Whether records of this type can be kept of a column of the type `row`.
pub(super) fn fits(kind: Kind, row: &str, declared: &str, labels: Labels<'_>) -> bool {
    let declared = &with_characters(kind, declared);
    let (from, to) = (Type::parse(kind, row), Type::parse(kind, declared));
    let wide = || step(kind, row, declared) != Step::Clash;
    match kind {
        Kind::Sqlite => match (affinity(&from.whole), affinity(&to.whole)) {
            // Keeps values as they are.
            (_, "blob") | ("integer" | "numeric", "integer" | "numeric") => true,
            (from, to) => from == to,
        },
        Kind::Mysql => wide() || (is_text(kind, &from, labels) && is_any_text(kind, &to)),
        Kind::Postgres if is_moment(&from) && is_moment(&to) => {
            from.argument(0, 6) <= to.argument(0, 6)
        }
        Kind::Postgres if is_text(kind, &from, labels) => {
            let subset = || {
                let (from, to) = (labels(&from.whole)?, labels(&to.whole)?);
                Some(from.iter().all(|label| to.contains(label)))
            };
            is_any_text(kind, &to)
                || (wide() && is_text(kind, &to, labels))
                || subset().unwrap_or(false)
        }
        // Diesel reads an `Integer` from four bytes, and from no more.
        Kind::Postgres => wide() && from.name == to.name,
    }
}

/// Whether a record column has the declared type, in whatever words.
pub(super) fn same(kind: Kind, found: &str, declared: &str) -> bool {
    let (found, declared) = (Type::parse(kind, found), Type::parse(kind, declared));
    let integer = kind == Kind::Mysql && found.name.contains("int");
    match kind {
        Kind::Sqlite => affinity(&found.whole) == affinity(&declared.whole),
        // What is declared without a character set or a collation gets the table's.
        _ => {
            found.name == declared.name
                && (integer || found.arguments == declared.arguments)
                && found.labels() == declared.labels()
        }
    }
}

/// How a record column of the type `from` becomes one of a declared type: the
/// SQL of the values, in which `{}` is the column. `None` if it cannot.
pub(super) fn conversion(
    kind: Kind,
    from: &str,
    declared: &str,
    labels: Labels<'_>,
) -> Option<&'static str> {
    let declared = &with_characters(kind, declared);
    let (old, new) = (Type::parse(kind, from), Type::parse(kind, declared));
    match kind {
        _ if step(kind, from, declared) == Step::Widen => Some("{}"),
        Kind::Postgres if is_moment(&old) && is_moment(&new) => Some("{} AT TIME ZONE 'UTC'"),
        Kind::Postgres | Kind::Mysql if is_text(kind, &old, labels) && is_any_text(kind, &new) => {
            Some("{}")
        }
        _ => None,
    }
}

/// What to declare so that records of the type `from` are kept, and with them
/// those of a column of the type `row`.
pub(super) fn advice(kind: Kind, from: &str, row: &str, labels: Labels<'_>) -> Option<String> {
    let name = Type::parse(kind, from).name;
    let text = if kind == Kind::Mysql {
        "LONGTEXT"
    } else {
        "TEXT"
    };
    let candidates = [from, &name, text];
    let kept = |one: &str| {
        one == from
            || step(kind, from, one) == Step::None
            || conversion(kind, from, one, labels).is_some()
    };
    let found = candidates
        .into_iter()
        .find(|one| fits(kind, row, one, labels) && kept(one));
    found.map(str::to_owned)
}

/// What is declared without a character set gets the record table's.
fn with_characters(kind: Kind, declared: &str) -> String {
    let unset = !declared.to_lowercase().contains(" character set ");
    match kind == Kind::Mysql && unset {
        true => format!("{declared} CHARACTER SET utf8mb4"),
        false => declared.to_owned(),
    }
}

fn is_moment(it: &Type) -> bool {
    it.name == "timestamp with time zone" || it.name == "timestamp without time zone"
}

fn is_text(kind: Kind, it: &Type, labels: Labels<'_>) -> bool {
    let name = it.name.rsplit('.').next().unwrap_or_default();
    match kind {
        Kind::Postgres => {
            let texts = ["text", "character varying", "character", "name", "citext"];
            texts.contains(&name) || labels(&it.whole).is_some()
        }
        _ => {
            let texts = [
                "char",
                "varchar",
                "tinytext",
                "text",
                "mediumtext",
                "longtext",
            ];
            texts.contains(&name) || name == "enum" || name == "set"
        }
    }
}

/// Whether it is a text of any length.
fn is_any_text(kind: Kind, it: &Type) -> bool {
    match kind {
        Kind::Postgres => {
            it.arguments.is_empty() && ["text", "character varying"].contains(&it.name.as_str())
        }
        _ => it.name == "longtext",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(name: &str) -> Option<Vec<&'static str>> {
        match name {
            "mood" => Some(vec!["happy", "sad", "angry"]),
            "mood_old" => Some(vec!["happy", "sad"]),
            _ => None,
        }
    }

    #[test]
    fn what_may_be_declared() {
        let cases = [
            (
                Kind::Postgres,
                "timestamp with time zone",
                "timestamp",
                true,
            ),
            (
                Kind::Postgres,
                "timestamp without time zone",
                "TIMESTAMPTZ(3)",
                false,
            ),
            (Kind::Postgres, "mood", "mood_old", false),
            (Kind::Postgres, "mood_old", "mood", true),
            (Kind::Postgres, "mood", "TEXT", true),
            (Kind::Postgres, "mood", "varchar(20)", false),
            (Kind::Postgres, "character varying(10)", "varchar(20)", true),
            (
                Kind::Postgres,
                "character varying(20)",
                "varchar(10)",
                false,
            ),
            (Kind::Postgres, "integer", "TEXT", false),
            (Kind::Postgres, "integer", "int4", true),
            (Kind::Postgres, "integer", "bigint", false),
            (Kind::Postgres, "numeric(10,2)", "numeric", true),
            (Kind::Mysql, "enum('a','b')", "LONGTEXT", true),
            (Kind::Mysql, "enum('a','b')", "enum('a')", false),
            (Kind::Mysql, "int(11)", "BIGINT", true),
            (
                Kind::Mysql,
                "varchar(9) CHARACTER SET latin1 COLLATE latin1_bin",
                "TEXT",
                true,
            ),
            (Kind::Mysql, "int(11)", "LONGTEXT", false),
            (Kind::Mysql, "datetime(6)", "timestamp(6)", false),
            (Kind::Sqlite, "TEXT", "INTEGER", false),
            (Kind::Sqlite, "INTEGER", "BLOB", true),
            (Kind::Sqlite, "INTEGER", "BIGINT", true),
        ];
        for (kind, row, declared, expected) in cases {
            let found = fits(kind, row, declared, &labels);
            assert_eq!(found, expected, "{kind:?}: {row} as {declared}");
        }
    }

    #[test]
    fn the_advice_is_possible() {
        let cases = [
            (
                Kind::Postgres,
                "timestamp without time zone",
                "timestamp with time zone",
                Some("timestamp without time zone"),
            ),
            (Kind::Postgres, "mood_old", "mood", Some("TEXT")),
            (Kind::Postgres, "mood", "mood_old", Some("mood")),
            (
                Kind::Postgres,
                "numeric(10,2)",
                "numeric(12,3)",
                Some("numeric"),
            ),
            (Kind::Postgres, "text", "integer", None),
            (
                Kind::Mysql,
                "enum('a','b')",
                "enum('b','c')",
                Some("LONGTEXT"),
            ),
            (Kind::Mysql, "varchar(20)", "int(11)", None),
            (Kind::Sqlite, "TEXT", "INTEGER", None),
        ];
        for (kind, from, row, expected) in cases {
            let found = advice(kind, from, row, &labels);
            assert_eq!(found.as_deref(), expected, "{kind:?}: {from}, {row}");
        }
    }
}
