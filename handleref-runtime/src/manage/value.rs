//! Values of fields, on one line.

use super::page::Span;
use super::style::{DIM, PLAIN};
use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::Value;

/// A value as people read it: times to the second.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => match text.parse::<NaiveDateTime>() {
            Ok(time) => time.format("%Y-%m-%d %H:%M:%S").to_string(),
            Err(_) => exact(value),
        },
        other => exact(other),
    }
}

/// The same with all that there is of a time.
pub(super) fn exact(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) if values.iter().all(|it| !it.is_array() && !it.is_object()) => {
            let texts: Vec<String> = values.iter().map(self::text).collect();
            format!("[{}]", texts.join(", "))
        }
        other => other.to_string(),
    }
}

/// The same as a piece of a line; null is dim.
pub(super) fn span(value: &Value) -> Span {
    let style = if value.is_null() { DIM } else { PLAIN };
    Span::new(text(value), style)
}

/// A time, in UTC, to the second.
pub(super) fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// The same to the minute.
pub(super) fn minute(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M").to_string()
}

/// `1,204`
pub(super) fn count(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    match number < 0 {
        true => format!("-{out}"),
        false => out,
    }
}

/// `1 row`, `2 rows`
pub(super) fn counted(number: i64, one: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        _ => format!("{} {one}s", count(number)),
    }
}
