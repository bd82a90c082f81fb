//! Values of filters.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

/// A type that the value of a [filter](super::Resource::filter) is read as.
///
/// Numbers, `bool` (`true`, `false`), `String`, `NaiveDate` (`2026-11-25`), `DateTime<Utc>` and
/// `NaiveDateTime` in UTC (RFC 3339), `Uuid` (feature `uuid`), and a `Vec` of these, separated by
/// commas. For a type of your own:
///
/// ```
/// use handleref_runtime::http::QueryValue;
/// enum Kind { Draft, Final }
/// impl QueryValue for Kind {
///     const EXPECTED: &'static str = "`draft` or `final`";
///     fn read(text: &str) -> Option<Self> {
///         match text { "draft" => Some(Kind::Draft), "final" => Some(Kind::Final), _ => None }
///     }
/// }
/// ```
pub trait QueryValue: Sized + 'static {
    /// What is expected, for the answer to who gives something else.
    const EXPECTED: &'static str;

    /// Reads a value; `None` if it is none.
    fn read(text: &str) -> Option<Self>;
}

macro_rules! parsed {
    ($($ty:ty: $expected:literal;)*) => { $(
        impl QueryValue for $ty {
            const EXPECTED: &'static str = $expected;
            fn read(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )* };
}
parsed! {
    i16: "an integer";
    i32: "an integer";
    i64: "an integer";
    u32: "an integer that is not negative";
    bool: "`true` or `false`";
    String: "a text";
    NaiveDate: "a date such as 2026-11-25";
}

#[cfg(feature = "uuid")]
parsed! { uuid::Uuid: "a UUID"; }

/// Not what is no number, nor what is infinite.
impl QueryValue for f64 {
    const EXPECTED: &'static str = "a number";
    fn read(text: &str) -> Option<Self> {
        text.parse().ok().filter(|number: &Self| number.is_finite())
    }
}

impl QueryValue for DateTime<Utc> {
    const EXPECTED: &'static str = "an instant of RFC 3339, such as 2026-11-25T10:00:00Z";
    fn read(text: &str) -> Option<Self> {
        let read = DateTime::parse_from_rfc3339(text).ok()?;
        Some(read.with_timezone(&Utc))
    }
}

impl QueryValue for NaiveDateTime {
    const EXPECTED: &'static str = <DateTime<Utc> as QueryValue>::EXPECTED;
    fn read(text: &str) -> Option<Self> {
        <DateTime<Utc> as QueryValue>::read(text).map(|it| it.naive_utc())
    }
}

/// Values that are separated by commas; at least one.
impl<T: QueryValue> QueryValue for Vec<T> {
    const EXPECTED: &'static str = "a list, separated by commas";
    fn read(text: &str) -> Option<Self> {
        text.split(',').map(T::read).collect()
    }
}
