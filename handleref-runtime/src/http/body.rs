//! JSON bodies.

use super::problem::Problem;
use axum::body::{Body, to_bytes};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use http_body_util::LengthLimitError;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor,
};
use serde_json::{Map, Value};
use std::cell::Cell;
use std::fmt;

/// The media types of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Accepted {
    Json,
    /// Those of a merge patch as well.
    Patch,
}

impl Accepted {
    const fn list(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Patch => "application/json, application/merge-patch+json",
        }
    }
}

/// Reads an object.
///
/// # Errors
/// 415, 413, and 400 for what is no JSON object or says a name twice.
pub(super) async fn object(
    parts: &Parts,
    body: Body,
    accepted: Accepted,
    limit: usize,
) -> Result<Map<String, Value>, Problem> {
    let kind = parts.headers.get(CONTENT_TYPE);
    let kind = kind.and_then(|it| it.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    let mut all = accepted.list().split(", ");
    if !all.any(|one| one.eq_ignore_ascii_case(essence)) {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        let detail = format!("a body is sent as {}", accepted.list());
        let title = "Unsupported media type";
        let problem = Problem::new(status, "unsupported-media-type", title, detail);
        let list = HeaderValue::from_static(accepted.list());
        return Err(match accepted {
            Accepted::Patch => problem.header(http::HeaderName::from_static("accept-patch"), list),
            Accepted::Json => problem.header(http::header::ACCEPT, list),
        });
    }
    let bytes = to_bytes(body, limit).await.map_err(|error| {
        use std::error::Error;
        if error.source().is_some_and(|it| it.is::<LengthLimitError>()) {
            let detail = format!("a body has at most {limit} bytes");
            let status = StatusCode::PAYLOAD_TOO_LARGE;
            return Problem::new(status, "too-large", "Content too large", detail);
        }
        Problem::bad_request("the body did not arrive whole")
    })?;
    let mut reader = serde_json::Deserializer::from_slice(&bytes);
    let read = Strict.deserialize(&mut reader);
    let read = read.and_then(|value| reader.end().map(|()| value));
    match read {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Problem::bad_request("the body is no JSON object")),
        Err(error) => Err(Problem::bad_request(format!(
            "the body is no JSON: {error}"
        ))),
    }
}

/// A JSON value, in which no object has a name twice.
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element_seed(Self)? {
            all.push(item);
        }
        Ok(all.into())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(Self)?;
            if all.contains_key(&name) {
                return Err(de::Error::custom(format!("`{name}` is given twice")));
            }
            all.insert(name, value);
        }
        Ok(Value::Object(all))
    }
}

/// The names that serde knows of a struct; `None` if it takes any, as one with
/// `#[serde(flatten)]` does.
pub(super) fn fields_of<T: DeserializeOwned>() -> Option<&'static [&'static str]> {
    let found = Cell::new(None);
    // It fails, on purpose, before it reads anything.
    let _ = T::deserialize(Names(&found));
    found.get()
}

struct Names<'a>(&'a Cell<Option<&'static [&'static str]>>);

impl<'de> Deserializer<'de> for Names<'_> {
    type Error = de::value::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Self::Error> {
        self.0.set(Some(fields));
        Err(de::Error::custom("these are the names"))
    }
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }
    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(de::Error::custom("no struct"))
    }
    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[allow(dead_code)]
    struct Edit {
        the_title: Option<String>,
        #[serde(default)]
        note: Option<Option<String>>,
    }

    #[test]
    fn names_are_known_without_a_value() {
        assert_eq!(fields_of::<Edit>(), Some(&["theTitle", "note"][..]));
        assert_eq!(fields_of::<Map<String, Value>>(), None);
    }

    #[test]
    fn no_name_is_given_twice() {
        let read = |text: &str| Strict.deserialize(&mut serde_json::Deserializer::from_str(text));
        assert!(read(r#"{"a": [1, {"b": null}], "c": 1.5}"#).is_ok());
        assert!(read(r#"{"a": 1, "a": 1}"#).is_err());
        assert!(read(r#"[{"a": {"b": 1, "b": 2}}]"#).is_err());
        assert!(read(&"[".repeat(100_000)).is_err());
    }
}
