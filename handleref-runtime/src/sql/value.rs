//! Values that are bound.

use super::literal_sql;
use super::raw::{Raw, raw};
use crate::engine::{Engine, Kind};
use crate::time::{BoundTime, TimeKind};
use diesel::query_builder::AstPass;
use diesel::result::QueryResult;
use std::borrow::Cow;

/// A value, or null, of a type that every engine has.
#[doc(hidden)]
#[derive(Debug)]
pub(crate) enum Value<'a> {
    /// A 64-bit integer.
    Number(Option<i64>),
    /// A text.
    Text(Option<Cow<'a, str>>),
    /// An instant, in UTC.
    Time(BoundTime),
}

impl Value<'_> {
    pub(super) fn walk<'b, DB: Engine>(&'b self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()> {
        match self {
            Self::Number(number) => DB::bind_integer(number, out),
            Self::Text(text) => DB::bind_text(text, out),
            Self::Time(time) => DB::bind_time(time, out),
        }
    }

    pub(super) fn literal(&self, kind: Kind) -> Raw {
        match self {
            Self::Number(Some(number)) => raw!("{number}", number),
            Self::Text(Some(text)) => super::literal(kind, text),
            Self::Time(time) => literal_sql(kind, TimeKind::Plain, *time.on(kind)),
            Self::Number(None) | Self::Text(None) => "NULL".into(),
        }
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Number(Some(number))
    }
}
impl From<Option<i64>> for Value<'_> {
    fn from(number: Option<i64>) -> Self {
        Self::Number(number)
    }
}
impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Some(text.into()))
    }
}
impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Some(text.into()))
    }
}
impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(text: Option<&'a str>) -> Self {
        Self::Text(text.map(Cow::Borrowed))
    }
}
impl From<&BoundTime> for Value<'_> {
    fn from(time: &BoundTime) -> Self {
        Self::Time(*time)
    }
}
impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        text.as_str().into()
    }
}
impl From<Option<String>> for Value<'_> {
    fn from(text: Option<String>) -> Self {
        Self::Text(text.map(Cow::Owned))
    }
}
impl From<&i64> for Value<'_> {
    fn from(number: &i64) -> Self {
        Self::Number(Some(*number))
    }
}
