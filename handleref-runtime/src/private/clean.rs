//! Texts as values of fields. Generated code knows the type of a field by its
//! name only: which way leads from a text to it is found by method lookup,
//! which tries the traits here from the most references down to none.

use crate::history::FieldValue;
use crate::key::Key;
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt::Display;
use std::marker::PhantomData;
use std::str::FromStr;

/// The traits of the ways, without names that could hide others.
pub mod ways {
    pub use super::{
        ByDeserialize as _, ByFromStr as _, ByFromStrOrNull as _, ByNothing as _, ByReadable as _,
    };
}

/// A value as serde sees it, or what is wrong with the text.
pub type Cleaned = Result<Value, String>;

/// Stands for a field of the type `T`.
#[derive(Debug)]
pub struct Probe<T>(PhantomData<fn() -> T>);

impl<T: 'static> Probe<T> {
    pub const NEW: &'static &'static &'static &'static &'static Self = &&&&&Self(PhantomData);
}

/// The answer if there is no field at a place.
pub fn no_field() -> Cleaned {
    Err("there is no such field".into())
}

/// Serialises what was read.
fn value<T: FieldValue<F>, F>(read: Result<T, String>) -> Cleaned {
    read.map(|read| read.value())
}

/// The same of what a text says, which is never null: JSON has no infinity.
fn shown<T: FieldValue<F>, F>(read: Result<T, String>) -> Cleaned {
    match value(read)? {
        Value::Null => Err("this is not a number that can be shown".into()),
        value => Ok(value),
    }
}

/// A type that is read in a way of its own, or so often that it is found first.
pub trait Readable: Sized {
    fn read(text: Option<&str>) -> Result<Self, String>;
}

pub trait ByReadable<T> {
    fn __handleref_clean<F>(&self, text: Option<&str>) -> Cleaned
    where
        T: FieldValue<F>;
}
impl<T: Readable> ByReadable<T> for &&&&Probe<T> {
    fn __handleref_clean<F>(&self, text: Option<&str>) -> Cleaned
    where
        T: FieldValue<F>,
    {
        match text {
            Some(_) => shown(T::read(text)),
            None => value(T::read(text)),
        }
    }
}

pub trait ByFromStrOrNull<T> {
    fn __handleref_clean<F>(&self, text: Option<&str>) -> Cleaned
    where
        Option<T>: FieldValue<F>;
}
impl<T: FromStr> ByFromStrOrNull<T> for &&&Probe<Option<T>> {
    fn __handleref_clean<F>(&self, text: Option<&str>) -> Cleaned
    where
        Option<T>: FieldValue<F>,
    {
        match text {
            Some(text) => shown(from_str::<T>(text).map(Some)),
            None => value(Ok(None::<T>)),
        }
    }
}

pub trait ByFromStr<T> {
    fn __handleref_clean<F>(&self, text: Option<&str>) -> Cleaned
    where
        T: FieldValue<F>;
}
impl<T: FromStr> ByFromStr<T> for &&Probe<T> {
    fn __handleref_clean<F>(&self, text: Option<&str>) -> Cleaned
    where
        T: FieldValue<F>,
    {
        shown(present(text).and_then(from_str::<T>))
    }
}

pub trait ByDeserialize<T> {
    fn __handleref_clean<F>(&self, text: Option<&str>) -> Cleaned
    where
        T: FieldValue<F>;
}
impl<T: DeserializeOwned> ByDeserialize<T> for &Probe<T> {
    fn __handleref_clean<F>(&self, text: Option<&str>) -> Cleaned
    where
        T: FieldValue<F>,
    {
        value(deserialize::<T>(text))
    }
}

pub trait ByNothing<T> {
    fn __handleref_clean<F>(&self, text: Option<&str>) -> Cleaned
    where
        T: FieldValue<F>;
}
impl<T> ByNothing<T> for Probe<T> {
    fn __handleref_clean<F>(&self, _: Option<&str>) -> Cleaned
    where
        T: FieldValue<F>,
    {
        Err(format!(
            "a `{}` cannot be read from text: it implements neither `FromStr` nor `serde::Deserialize`",
            short::<T>()
        ))
    }
}

/// The name of a type without its path.
fn short<T>() -> &'static str {
    let name = std::any::type_name::<T>();
    let end = name.find('<').unwrap_or(name.len());
    let start = name[..end].rfind("::").map_or(0, |at| at + 2);
    &name[start..]
}

fn present(text: Option<&str>) -> Result<&str, String> {
    text.ok_or_else(|| "the field is no `Option`".into())
}

/// The error of the type may have no text.
fn from_str<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_| format!("this is not a `{}`", short::<T>()))
}

fn deserialize<T: DeserializeOwned>(text: Option<&str>) -> Result<T, String> {
    let Some(text) = text else {
        return serde_json::from_value(Value::Null).or_else(|_| present(None).and_then(from_json));
    };
    let as_text = match serde_json::from_value(text.into()) {
        Ok(read) => return Ok(read),
        Err(error) => error,
    };
    // That something is null cannot be given by a text.
    from_json::<Value>(text)
        .ok()
        .filter(|json| !json.is_null())
        .and_then(|json| serde_json::from_value(json).ok())
        .ok_or_else(|| as_text.to_string())
}

fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

impl<T: Readable> Readable for Option<T> {
    fn read(text: Option<&str>) -> Result<Self, String> {
        text.map(|text| T::read(Some(text))).transpose()
    }
}

/// `parse`, with the words of the type's error.
fn parsed<T: FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

macro_rules! readable {
    ($($ty:ty = $read:expr;)*) => { $(
        impl Readable for $ty {
            fn read(text: Option<&str>) -> Result<Self, String> {
                present(text).and_then($read)
            }
        }
    )* };
}
macro_rules! parsed {
    ($($ty:ty)*) => { readable! { $($ty = parsed::<$ty>;)* } };
}
parsed! {
    i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize f32 f64 char String NaiveDate NaiveTime
}
#[cfg(feature = "uuid")]
parsed!(uuid::Uuid);
readable! {
    bool = boolean;
    Vec<u8> = bytes;
    NaiveDateTime = date_time;
    DateTime<FixedOffset> = instant;
    DateTime<Utc> = |text| instant(text).map(|time| time.to_utc());
}

/// In the words of Rust, and of the databases.
fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" => Ok(true),
        "0" | "f" => Ok(false),
        text => parsed(text),
    }
}

fn bytes(text: &str) -> Result<Vec<u8>, String> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    Key::parse(text).ok_or_else(|| "bytes are pairs of hexadecimal digits".into())
}

/// With `T` or a blank between date and time.
fn date_time(text: &str) -> Result<NaiveDateTime, String> {
    parsed(&text.trim().replacen(' ', "T", 1))
}

/// With an offset, of which PostgreSQL leaves the minutes out; without one it
/// is UTC, as in a column that knows none.
fn instant(text: &str) -> Result<DateTime<FixedOffset>, String> {
    let text = text.trim();
    parsed(text).or_else(|error| {
        DateTime::parse_from_str(&text.replacen('T', " ", 1), "%F %T%.f%#z")
            .or_else(|_| date_time(text).map(|time| time.and_utc().fixed_offset()))
            .map_err(|_| error)
    })
}

#[cfg(test)]
mod tests {
    use super::ways::*;
    use super::{Cleaned, Probe};
    use crate::history::Json;
    use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
    use serde_json::{Value, json};

    macro_rules! clean {
        ($ty:ty, $text:expr) => {
            Probe::<$ty>::NEW.__handleref_clean::<Json>($text)
        };
    }

    #[derive(serde::Serialize)]
    struct Parsed(u8);
    impl std::str::FromStr for Parsed {
        type Err = ();
        fn from_str(text: &str) -> Result<Self, ()> {
            text.strip_prefix('#')
                .and_then(|text| text.parse().ok())
                .map(Self)
                .ok_or(())
        }
    }

    #[derive(serde::Serialize, serde::Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum State {
        Open,
        Shut,
    }

    #[derive(serde::Serialize)]
    struct Opaque;

    fn ok(value: impl Into<Value>) -> Cleaned {
        Ok(value.into())
    }

    #[test]
    fn plain_types() {
        assert_eq!(clean!(i32, Some("-7")), ok(-7));
        assert_eq!(
            clean!(u8, Some("256")),
            Err("number too large to fit in target type".into())
        );
        assert_eq!(
            clean!(i64, Some("")),
            Err("cannot parse integer from empty string".into())
        );
        assert_eq!(clean!(f64, Some("0.5")), ok(0.5));
        assert!(clean!(f64, Some("NaN")).is_err() && clean!(f32, Some("1e400")).is_err());
        assert!(clean!(Option<f64>, Some("-inf")).is_err());
        assert_eq!(clean!(bool, Some("true")), ok(true));
        assert_eq!(clean!(bool, Some("0")), ok(false));
        assert!(clean!(bool, Some("yes")).is_err());
        assert_eq!(clean!(char, Some("ß")), ok("ß"));
        assert_eq!(clean!(Vec<u8>, Some("00fF")), ok(vec![0, 255]));
        assert_eq!(clean!(Vec<u8>, Some("")), ok(Vec::<u8>::new()));
        assert!(clean!(Vec<u8>, Some("0")).is_err());
    }

    #[test]
    fn null_is_no_text() {
        assert_eq!(clean!(String, Some("")), ok(""));
        assert_eq!(clean!(Option<String>, Some("")), ok(""));
        assert_eq!(clean!(Option<String>, None), ok(Value::Null));
        assert_eq!(clean!(Option<i32>, None), ok(Value::Null));
        assert_eq!(clean!(Option<State>, None), ok(Value::Null));
        assert_eq!(clean!(Option<Parsed>, None), ok(Value::Null));
        let refused: Cleaned = Err("the field is no `Option`".into());
        assert_eq!(clean!(String, None), refused);
        assert_eq!(clean!(State, None), refused);
        assert_eq!(clean!(Parsed, None), refused);
        assert!(clean!(Option<i32>, Some("")).is_err());
        assert!(clean!(Option<Vec<i32>>, Some("null")).is_err());
    }

    #[test]
    fn times_with_either_separator() {
        let date = NaiveDate::from_ymd_opt(2026, 2, 3);
        assert_eq!(clean!(NaiveDate, Some("2026-02-03")), ok(json!(date)));
        let want = ok("2026-02-03T04:05:06.070");
        assert_eq!(clean!(NaiveDateTime, Some("2026-02-03 04:05:06.07")), want);
        assert_eq!(clean!(NaiveDateTime, Some("2026-02-03T04:05:06.07")), want);
        let want = ok("2026-02-03T04:05:06Z");
        for text in [
            "2026-02-03T04:05:06Z",
            "2026-02-03 04:05:06+00:00",
            "2026-02-03 04:05:06+00",
            "2026-02-03T05:05:06+01",
            "2026-02-03 05:05:06+01:00",
            "2026-02-03 04:05:06",
            "2026-02-03T04:05:06",
        ] {
            assert_eq!(clean!(DateTime<Utc>, Some(text)), want, "{text}");
        }
        assert!(clean!(DateTime<Utc>, Some("2026-02-30 04:05:06Z")).is_err());
    }

    #[test]
    fn types_of_the_user() {
        assert_eq!(clean!(Parsed, Some("#7")), ok(7));
        assert_eq!(clean!(Option<Parsed>, Some("#7")), ok(7));
        assert_eq!(
            clean!(Parsed, Some("7")),
            Err("this is not a `Parsed`".into())
        );
        assert_eq!(clean!(State, Some("open")), ok("open"));
        assert_eq!(clean!(Option<State>, Some("shut")), ok("shut"));
        assert!(clean!(State, Some("ajar")).is_err_and(|error| error.contains("`shut`")));
        assert_eq!(clean!(Vec<i32>, Some("[1, 2]")), ok(vec![1, 2]));
        assert_eq!(clean!(Option<Vec<i32>>, Some("[]")), ok(Vec::<i32>::new()));
        assert_eq!(clean!(Value, Some("{\"a\": 1}")), Ok(json!({"a": 1})));
        let refused = "a `Opaque` cannot be read from text: it implements neither `FromStr` nor `serde::Deserialize`";
        assert_eq!(clean!(Opaque, Some("")), Err(refused.into()));
    }
}
