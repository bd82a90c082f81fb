//! What happened to a row.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Text;
use std::fmt;

/// What a record is about; stored as text, such as `soft_delete`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
#[non_exhaustive]
pub enum Operation {
    /// The row was inserted.
    Insert,
    /// It was changed.
    Update,
    /// It was marked as deleted.
    SoftDelete,
    /// It was live again.
    Restore,
    /// It was really deleted. The record holds its last state.
    Delete,
    /// It was there when recording began; its earlier past is not known.
    Baseline,
    /// A relative changed, and with it one of the properties.
    Relative,
    /// Values were erased from its history, and from the row if that was asked for. The
    /// version is the one before. (Of a row that is not there any more, the last
    /// `Delete` is repeated instead.)
    Erase,
}

impl Operation {
    pub(crate) const ALL: [Self; 8] = [
        Self::Insert,
        Self::Update,
        Self::SoftDelete,
        Self::Restore,
        Self::Delete,
        Self::Baseline,
        Self::Relative,
        Self::Erase,
    ];

    /// The text in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::SoftDelete => "soft_delete",
            Self::Restore => "restore",
            Self::Delete => "delete",
            Self::Baseline => "baseline",
            Self::Relative => "relative",
            Self::Erase => "erase",
        }
    }

    pub(crate) fn read(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == text)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl serde::Serialize for Operation {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for Operation {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || serde::de::Error::custom(format!("`{text}` is no operation of a record"));
        Self::read(&text).ok_or_else(wrong)
    }
}

impl<DB: Backend> FromSql<Text, DB> for Operation
where
    String: FromSql<Text, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        let text = <String as FromSql<Text, DB>>::from_sql(bytes)?;
        Self::read(&text).ok_or_else(|| format!("`{text}` is no operation of a record").into())
    }
}

impl<DB: Backend> ToSql<Text, DB> for Operation
where
    str: ToSql<Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.as_str().to_sql(out)
    }
}
