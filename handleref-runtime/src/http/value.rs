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
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a parameter of a request",
    note = "take a `String`, a number, `bool`, a date, or a `Vec` of these; or implement `http::QueryValue`"
)]
pub trait QueryValue: Sized + 'static {
    /// What is expected, for the answer to who gives something else.
    const EXPECTED: &'static str;

    /// What such texts look like, as a regular expression of JavaScript without `^` and `$`, for the OpenAPI document.
    const PATTERN: &'static str = "[^\\u0000]*";

    /// Reads a value; `None` if it is none.
    fn read(text: &str) -> Option<Self>;

    /// The pattern, where it depends on another type.
    fn pattern() -> String {
        Self::PATTERN.to_owned()
    }
}

macro_rules! parsed {
    ($($ty:ty: $expected:literal, $pattern:literal;)*) => { $(
        impl QueryValue for $ty {
            const EXPECTED: &'static str = $expected;
            const PATTERN: &'static str = $pattern;
            fn read(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )* };
}
parsed! {
    i16: "an integer", "-?[0-9]{1,4}";
    i32: "an integer", "-?[0-9]{1,9}";
    i64: "an integer", "-?[0-9]{1,18}";
    u32: "an integer that is not negative", "[0-9]{1,9}";
    bool: "`true` or `false`", "true|false";
    String: "a text", "[^\\u0000]*";
    NaiveDate: "a date such as 2026-11-25", "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])";
}

#[cfg(feature = "uuid")]
parsed! { uuid::Uuid: "a UUID", "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"; }

/// Not what is no number, nor what is infinite.
impl QueryValue for f64 {
    const EXPECTED: &'static str = "a number";
    const PATTERN: &'static str = "-?[0-9]{1,15}([.][0-9]{1,15})?";
    fn read(text: &str) -> Option<Self> {
        text.parse().ok().filter(|number: &Self| number.is_finite())
    }
}

impl QueryValue for DateTime<Utc> {
    const EXPECTED: &'static str = "an instant of RFC 3339, such as 2026-11-25T10:00:00Z";
    const PATTERN: &'static str =
        "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z";
    fn read(text: &str) -> Option<Self> {
        let read = DateTime::parse_from_rfc3339(text).ok()?;
        Some(read.with_timezone(&Utc))
    }
}

impl QueryValue for NaiveDateTime {
    const EXPECTED: &'static str = <DateTime<Utc> as QueryValue>::EXPECTED;
    const PATTERN: &'static str = <DateTime<Utc> as QueryValue>::PATTERN;
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
    fn pattern() -> String {
        let one = match T::PATTERN == String::PATTERN {
            true => "[^,\\u0000]*",
            false => T::PATTERN,
        };
        format!("({one})(,({one}))*")
    }
}
