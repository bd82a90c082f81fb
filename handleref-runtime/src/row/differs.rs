//! Whether a value differs from what a column holds, in SQL.
//!
//! A column may hold less than a value says: whole seconds, two digits, no
//! trailing blanks. The value is therefore compared as the column would hold
//! it, although a statement does not know the column's type.
//!
//! PostgreSQL puts the values into a copy of the row, which converts them as
//! an assignment does, and compares the two by their bytes. On SQLite a
//! comparison converts by itself, but for texts that are times or JSON. On
//! MySQL and MariaDB nothing converts to the type of a column; there a value
//! that may be the same after all waits for a second statement, which asks the
//! catalogue.

use crate::engine::Kind;
use diesel::sql_types as st;
use std::any::TypeId;

/// `{c}` is the column, `{v}` the value; `{type}` and `{scale}` are what the
/// catalogue of MySQL and MariaDB says about the column.
pub(super) type Template = &'static str;

/// How a column takes part in the comparison with the row.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Comparison {
    /// A condition of its own.
    pub(super) direct: Option<Template>,
    /// A value for the copy of the row (PostgreSQL).
    pub(super) copied: Option<Template>,
    /// A condition that is certain (MySQL and MariaDB).
    pub(super) certain: Option<Template>,
}

/// How a column of this SQL type is compared.
pub(super) fn comparison(kind: Kind, sql_type: TypeId) -> Comparison {
    match kind {
        Kind::Postgres => postgres(Family::of(sql_type)),
        Kind::Sqlite => Comparison {
            direct: Some(sqlite(Family::of(sql_type))),
            ..Comparison::default()
        },
        Kind::Mysql => {
            let (direct, certain) = mysql(Family::of(sql_type));
            Comparison {
                direct: Some(direct),
                certain: Some(certain),
                copied: None,
            }
        }
    }
}

/// A test that may say "no" of what is the same, but never "yes" of what is
/// not: whether the row holds just what the instance does.
pub(super) fn holds(kind: Kind, sql_type: TypeId) -> Template {
    match kind {
        Kind::Postgres => {
            "CAST({c} AS TEXT) COLLATE \"C\" IS NOT DISTINCT FROM CAST({v} AS TEXT) COLLATE \"C\""
        }
        Kind::Sqlite => "{c} COLLATE BINARY IS {v}",
        Kind::Mysql if Family::of(sql_type) == Family::Text => {
            "BINARY CONVERT({c} USING utf8mb4) <=> BINARY {v}"
        }
        Kind::Mysql => "{c} <=> {v}",
    }
}

/// What matters of a type for a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Text,
    Binary,
    Json,
    Jsonb,
    /// A date, with the time of the day or without.
    Moment,
    Time,
    Decimal,
    Float,
    Other,
}

impl Family {
    /// By the identity of a type, so that it is compiled once.
    fn of(found: TypeId) -> Self {
        let is = |wanted: &[[TypeId; 2]]| wanted.iter().any(|both| both.contains(&found));
        if is(&[ids::<st::Text>()]) {
            Self::Text
        } else if is(&[ids::<st::Binary>()]) {
            Self::Binary
        } else if is(&[ids::<st::Json>()]) {
            Self::Json
        } else if is(&[ids::<st::Jsonb>()]) {
            Self::Jsonb
        } else if is(MOMENTS) {
            Self::Moment
        } else if is(&[ids::<st::Time>()]) {
            Self::Time
        } else if is(&[ids::<st::Numeric>()]) {
            Self::Decimal
        } else if is(&[ids::<st::Float>(), ids::<st::Double>()]) {
            Self::Float
        } else {
            Self::Other
        }
    }
}

const MOMENTS: &[[TypeId; 2]] = &[
    ids::<st::Timestamp>(),
    ids::<st::Date>(),
    #[cfg(feature = "mysql_backend")]
    ids::<st::Datetime>(),
    #[cfg(feature = "postgres_backend")]
    ids::<st::Timestamptz>(),
    #[cfg(feature = "sqlite")]
    ids::<st::TimestamptzSqlite>(),
];

/// Of a type, and of the same that may be null.
const fn ids<ST>() -> [TypeId; 2]
where
    ST: st::SqlType<IsNull = st::is_nullable::NotNull> + 'static,
{
    [TypeId::of::<ST>(), TypeId::of::<st::Nullable<ST>>()]
}

fn postgres(family: Family) -> Comparison {
    const TEXT: Template = "CAST({v} AS TEXT)";
    let (direct, copied) = match family {
        // Has no equality, and is compared by what it says: the text that
        // serde writes is seldom the one that the row has. `jsonb` does not
        // take the character 0.
        Family::Json => (
            Some(
                "CASE WHEN strpos(CAST({c} AS TEXT) || CAST({v} AS TEXT), chr(92) || 'u0000') > 0 \
                 THEN CAST({c} AS TEXT) IS DISTINCT FROM CAST({v} AS TEXT) \
                 ELSE CAST({c} AS JSONB) IS DISTINCT FROM CAST({v} AS JSONB) END",
            ),
            None,
        ),
        // There is nothing to convert, and a text of it would be long.
        Family::Jsonb | Family::Binary => (Some("{c} IS DISTINCT FROM {v}"), None),
        // Becomes a text that no `DateStyle` alters.
        Family::Moment => (None, Some("{v}")),
        // 1.0 and 1.00 are the same number.
        Family::Decimal => (
            None,
            Some("CASE WHEN {c} = {v} THEN CAST({c} AS TEXT) ELSE CAST({v} AS TEXT) END"),
        ),
        // Where the session shortens the text of a number, it is not compared.
        Family::Float => (
            Some("(current_setting('extra_float_digits')::int < 1 AND {c} IS DISTINCT FROM {v})"),
            Some(TEXT),
        ),
        Family::Text | Family::Time | Family::Other => (None, Some(TEXT)),
    };
    Comparison {
        direct,
        copied,
        certain: None,
    }
}

fn sqlite(family: Family) -> Template {
    match family {
        // One instant may be written in several ways.
        Family::Moment | Family::Time => {
            "({c} IS NOT {v} AND \
             rtrim(rtrim(replace(replace({c}, 'T', ' '), '+00:00', ''), 'Z') || CASE WHEN instr({c}, '.') THEN '' ELSE '.' END, '0') \
             IS NOT \
             rtrim(rtrim(replace(replace({v}, 'T', ' '), '+00:00', ''), 'Z') || CASE WHEN instr({v}, '.') THEN '' ELSE '.' END, '0'))"
        }
        Family::Json => {
            "CASE WHEN json_valid({c}) AND json_valid({v}) THEN \
             (SELECT json_group_array(json_array(fullkey, type, atom)) FROM (SELECT fullkey, type, atom FROM json_tree({c}) ORDER BY fullkey)) \
             IS NOT \
             (SELECT json_group_array(json_array(fullkey, type, atom)) FROM (SELECT fullkey, type, atom FROM json_tree({v}) ORDER BY fullkey)) \
             ELSE {c} IS NOT {v} END"
        }
        Family::Jsonb => {
            "CASE WHEN json_valid({c}, 5) AND json_valid({v}, 5) THEN \
             (SELECT json_group_array(json_array(fullkey, type, atom)) FROM (SELECT fullkey, type, atom FROM json_tree({c}) ORDER BY fullkey)) \
             IS NOT \
             (SELECT json_group_array(json_array(fullkey, type, atom)) FROM (SELECT fullkey, type, atom FROM json_tree({v}) ORDER BY fullkey)) \
             ELSE {c} IS NOT {v} END"
        }
        // By bytes: under another collation a changed case would be lost.
        _ => "{c} COLLATE BINARY IS NOT {v}",
    }
}

/// What certainly differs, and what differs if the catalogue is asked.
fn mysql(family: Family) -> (Template, Template) {
    match family {
        // By bytes: under a case-insensitive collation a changed case would be
        // lost. In one character set: the column may have another one. CHAR
        // loses trailing blanks, ENUM and SET take their own spelling.
        Family::Text => (
            "(NOT (BINARY CONVERT({c} USING utf8mb4) <=> BINARY {v}) AND CASE {type} \
             WHEN 'char' THEN NOT (BINARY TRIM(TRAILING ' ' FROM CONVERT({c} USING utf8mb4)) <=> BINARY TRIM(TRAILING ' ' FROM {v})) \
             WHEN 'enum' THEN NOT ({c} <=> {v}) WHEN 'set' THEN NOT ({c} <=> {v}) ELSE TRUE END)",
            "(NOT (BINARY CONVERT({c} USING utf8mb4) <=> BINARY {v}) \
             AND NOT coalesce(TRIM(TRAILING ' ' FROM CONVERT({c} USING utf8mb4)) COLLATE utf8mb4_general_ci \
             = TRIM(TRAILING ' ' FROM CONVERT({v} USING utf8mb4)) COLLATE utf8mb4_general_ci, FALSE))",
        ),
        // BINARY is filled up with zeros.
        Family::Binary => (
            "(NOT ({c} <=> {v}) AND NOT coalesce({type} = 'binary' AND {c} = RPAD({v}, LENGTH({c}), CHAR(0)), FALSE))",
            "(NOT ({c} <=> {v}) AND NOT coalesce({c} = RPAD({v}, LENGTH({c}), CHAR(0)), FALSE))",
        ),
        Family::Decimal => (
            "(NOT ({c} <=> {v}) AND NOT coalesce({type} = 'decimal' AND {c} = ROUND({v}, {scale}), FALSE))",
            "(NOT ({c} <=> {v}) AND NOT coalesce({c} = ROUND({v}, \
             IF(LOCATE('.', CAST({c} AS CHAR)) = 0, 0, LENGTH(CAST({c} AS CHAR)) - LOCATE('.', CAST({c} AS CHAR)))), FALSE))",
        ),
        Family::Float => (
            "(NOT ({c} <=> {v}) AND NOT coalesce({type} = 'float' AND {c} = CAST({v} AS FLOAT), FALSE))",
            "(NOT ({c} <=> {v}) AND NOT coalesce({c} = CAST({v} AS FLOAT), FALSE))",
        ),
        // The text of a time has the digits that its column has.
        Family::Moment => (MOMENT, MOMENT),
        Family::Time => (TIME, TIME),
        Family::Json | Family::Jsonb => (JSON, JSON),
        Family::Other => ("NOT ({c} <=> {v})", "NOT ({c} <=> {v})"),
    }
}

const MOMENT: Template = "(NOT ({c} <=> {v}) AND NOT coalesce(CAST({c} AS CHAR) = \
     LEFT(CAST(CAST({v} AS DATETIME(6)) + INTERVAL IF(IF(@@version LIKE '%MariaDB%', \
     @@sql_mode LIKE '%TIME_ROUND_FRACTIONAL%', @@sql_mode NOT LIKE '%TIME_TRUNCATE_FRACTIONAL%'), \
     500000 DIV POW(10, IF(LOCATE('.', CAST({c} AS CHAR)) = 0, 0, LENGTH(CAST({c} AS CHAR)) - LOCATE('.', CAST({c} AS CHAR)))), 0) \
     MICROSECOND AS CHAR), LENGTH(CAST({c} AS CHAR))), FALSE))";

const TIME: Template = "(NOT ({c} <=> {v}) AND NOT coalesce(CAST({c} AS CHAR) = \
     LEFT(CAST(ADDTIME(CAST({v} AS TIME(6)), SEC_TO_TIME(IF(IF(@@version LIKE '%MariaDB%', \
     @@sql_mode LIKE '%TIME_ROUND_FRACTIONAL%', @@sql_mode NOT LIKE '%TIME_TRUNCATE_FRACTIONAL%'), \
     0.5 / POW(10, IF(LOCATE('.', CAST({c} AS CHAR)) = 0, 0, LENGTH(CAST({c} AS CHAR)) - LOCATE('.', CAST({c} AS CHAR)))), 0))) \
     AS CHAR), LENGTH(CAST({c} AS CHAR))), FALSE))";

/// MySQL has a type of JSON, and MariaDB a function since 10.7; each reads
/// only the comments that are meant for it.
const JSON: Template = "NOT coalesce(\
     /*M!100700 JSON_NORMALIZE(*/ /*!80000 CAST(*/ {c} /*!80000 AS JSON)*/ /*M!100700 )*/ = \
     /*M!100700 JSON_NORMALIZE(*/ /*!80000 CAST(*/ {v} /*!80000 AS JSON)*/ /*M!100700 )*/, {c} <=> {v})";
