//! Of what kind the values of a column are, by its type in the database.

use crate::engine::Kind;
use crate::session::Cell;
use crate::sql::{Raw, literal, raw};
use diesel::result::{Error, QueryResult};
use serde_json::{Number, Value};

/// Kinds of values that are read, written and shown in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Class {
    Integer,
    /// Up to 64 bits without a sign (MySQL, MariaDB).
    Unsigned,
    Bool,
    Real,
    Text,
    /// A date with a time.
    Time,
    Json,
    Bytes,
    /// Anything else, as the database writes it as a text.
    Other,
}

/// Bytes as a key writes them.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Class {
    /// From the type's name, in lower case.
    pub(crate) fn of(kind: Kind, sql_type: &str) -> Self {
        let name = sql_type.split('(').next().unwrap_or_default().trim();
        match kind {
            Kind::Postgres => match name {
                "smallint" | "integer" | "bigint" => Self::Integer,
                "boolean" => Self::Bool,
                "real" | "double precision" => Self::Real,
                "text" | "character varying" => Self::Text,
                "json" | "jsonb" => Self::Json,
                "bytea" => Self::Bytes,
                _ if name.starts_with("timestamp") => Self::Time,
                _ => Self::Other,
            },
            Kind::Mysql => match name {
                _ if sql_type.starts_with("tinyint(1)") => Self::Bool,
                "bigint" if sql_type.contains("unsigned") => Self::Unsigned,
                "tinyint" | "smallint" | "mediumint" | "int" | "integer" | "bigint" => {
                    Self::Integer
                }
                "float" | "double" => Self::Real,
                "datetime" | "timestamp" => Self::Time,
                "json" => Self::Json,
                "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" | "enum"
                | "set" => Self::Text,
                "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => {
                    Self::Bytes
                }
                _ => Self::Other,
            },
            // What is stored says of what type it is; the declaration, how it is meant.
            Kind::Sqlite => match name {
                _ if name.contains("bool") => Self::Bool,
                _ if name.starts_with("timestamp") || name.starts_with("datetime") => Self::Time,
                _ if name.contains("int") => Self::Integer,
                _ if name.contains("blob") => Self::Bytes,
                "json" | "jsonb" => Self::Json,
                _ => Self::Text,
            },
        }
    }

    /// A column of this kind as it is selected, so that every type can be read.
    pub(crate) fn selected(self, kind: Kind, column: Raw) -> Raw {
        match (kind, self) {
            (Kind::Postgres, Self::Other | Self::Json) => raw!("CAST({column} AS TEXT)", column),
            (Kind::Mysql, Self::Other | Self::Json | Self::Unsigned) => {
                raw!("CAST({column} AS CHAR)", column)
            }
            _ => column,
        }
    }

    /// What was sent, as serde would show it.
    pub(crate) fn value(self, cell: Cell) -> QueryResult<Value> {
        Ok(match cell {
            Cell::Null => Value::Null,
            Cell::Integer(number) if self == Self::Bool && (number == 0 || number == 1) => {
                Value::Bool(number == 1)
            }
            Cell::Integer(number) => number.into(),
            Cell::Real(number) => {
                Number::from_f64(number).map_or_else(|| number.to_string().into(), Value::Number)
            }
            Cell::Time(time) => serde_json::to_value(time).unwrap_or_default(),
            Cell::Bytes(bytes) => match self {
                // MySQL calls texts of its own binary.
                Self::Text | Self::Other | Self::Json | Self::Unsigned => {
                    match String::from_utf8(bytes) {
                        Ok(text) => return self.of_text(text),
                        Err(bytes) => hex(bytes.as_bytes()).into(),
                    }
                }
                _ => hex(&bytes).into(),
            },
            Cell::Text(text) => return self.of_text(text),
        })
    }

    fn of_text(self, text: String) -> QueryResult<Value> {
        let wrong = |error: serde_json::Error| Error::DeserializationError(Box::new(error));
        match self {
            Self::Json => serde_json::from_str(&text).map_err(wrong),
            Self::Unsigned => Ok(text.parse::<u64>().map_or(Value::String(text), Value::from)),
            Self::Time => match crate::sql::parse_time(&text) {
                Some(time) => serde_json::to_value(time).map_err(wrong),
                None => Ok(Value::String(text)),
            },
            _ => Ok(Value::String(text)),
        }
    }

    /// A text that a person wrote, as a value.
    pub(crate) fn read(self, text: &str) -> Result<Value, String> {
        let wrong = |what: &str| format!("`{text}` is no {what}");
        match self {
            Self::Integer => text
                .parse::<i64>()
                .map(Value::from)
                .map_err(|_| wrong("integer")),
            Self::Unsigned => text
                .parse::<u64>()
                .map(Value::from)
                .map_err(|_| wrong("integer")),
            Self::Real => {
                let number = text.parse().ok().and_then(Number::from_f64);
                number.map(Value::Number).ok_or_else(|| wrong("number"))
            }
            Self::Bool => match text {
                "true" | "t" | "1" => Ok(true.into()),
                "false" | "f" | "0" => Ok(false.into()),
                _ => Err(wrong("truth: true or false")),
            },
            Self::Json => serde_json::from_str(text).map_err(|error| error.to_string()),
            Self::Text | Self::Time | Self::Bytes | Self::Other => Ok(text.into()),
        }
    }

    /// A part of a key as a literal that an index can be asked for; `None` if it is none.
    pub(crate) fn literal(self, kind: Kind, text: &str) -> Option<Raw> {
        match self {
            Self::Integer => {
                let number = text
                    .parse::<i64>()
                    .ok()
                    .filter(|_| !text.starts_with('+'))?;
                Some(raw!("{number}", number))
            }
            Self::Unsigned => {
                let number = text
                    .parse::<u64>()
                    .ok()
                    .filter(|_| !text.starts_with('+'))?;
                Some(raw!("{number}", number))
            }
            Self::Bytes => {
                // A UUID in bytes is written with hyphens.
                let digits: String = text.chars().filter(|it| *it != '-').collect();
                let even = digits.len().is_multiple_of(2) && !digits.is_empty();
                if !even || !digits.bytes().all(|it| it.is_ascii_hexdigit()) {
                    return None;
                }
                let digits = literal(kind, &digits);
                Some(match kind {
                    Kind::Postgres => raw!("decode({digits}, 'hex')", digits),
                    Kind::Mysql => raw!("UNHEX({digits})", digits),
                    Kind::Sqlite => raw!("x{digits}", digits),
                })
            }
            // Without a type, so it takes the column's.
            _ => Some(literal(kind, text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_as_literals() {
        let literal = |kind, class: Class, text| class.literal(kind, text).map(Raw::into_string);
        let sqlite = |class, text| literal(Kind::Sqlite, class, text);
        assert_eq!(sqlite(Class::Integer, "7").as_deref(), Some("7"));
        assert_eq!(sqlite(Class::Integer, "7 OR 1=1"), None);
        assert_eq!(sqlite(Class::Integer, "+7"), None);
        assert_eq!(sqlite(Class::Text, "it's").as_deref(), Some("'it''s'"));
        assert_eq!(sqlite(Class::Bytes, "00ff").as_deref(), Some("x'00ff'"));
        assert_eq!(sqlite(Class::Bytes, "00f"), None);
        assert_eq!(sqlite(Class::Bytes, "x'"), None);
    }
}
