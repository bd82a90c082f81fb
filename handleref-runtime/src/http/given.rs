//! What a client has sent, as serde reads it.
//!
//! Whole bodies and patches are one deserializer, whose parts know no type, so a program's inputs are compiled once each;
//! and what is refused says at which field.

use super::problem::Problem;
use serde::de::value::StringDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, Visitor,
};
use serde_json::{Map, Value};
use std::fmt;

/// Reads what a client sends to be inserted, or to stand in the place of a row.
pub(super) fn whole<T: DeserializeOwned>(object: Map<String, Value>) -> Result<T, Problem> {
    T::deserialize(Given::new(object, Nulls::Values)).map_err(Refused::problem)
}

/// Reads what a client sends to change a row. A field of `Option<T>` is one that may be left out;
/// a null in it is refused, since it would be taken for that. In one of
/// `Option<Option<T>>` a null is the null of the column.
pub(super) fn patch<T: DeserializeOwned>(object: Map<String, Value>) -> Result<T, Problem> {
    T::deserialize(Given::new(object, Nulls::OfMembersAreGiven)).map_err(Refused::problem)
}

/// What a null means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nulls {
    Values,
    /// This is the object of a patch.
    OfMembersAreGiven,
    /// This is a member of it: it is there, even if it is null.
    AreGiven,
}

struct Given {
    value: Value,
    nulls: Nulls,
}

impl Given {
    fn new(object: Map<String, Value>, nulls: Nulls) -> Self {
        let value = Value::Object(object);
        Self { value, nulls }
    }

    fn plain(value: Value) -> Self {
        let nulls = Nulls::Values;
        Self { value, nulls }
    }

    fn members(object: Map<String, Value>, nulls: Nulls) -> Members {
        Members {
            rest: object.into_iter(),
            next: None,
            nulls: match nulls {
                Nulls::OfMembersAreGiven => Nulls::AreGiven,
                _ => Nulls::Values,
            },
        }
    }

    fn unexpected(&self) -> Unexpected<'_> {
        match &self.value {
            Value::Null => Unexpected::Unit,
            Value::Bool(value) => Unexpected::Bool(*value),
            Value::Number(_) => Unexpected::Other("number"),
            Value::String(text) => Unexpected::Str(text),
            Value::Array(_) => Unexpected::Seq,
            Value::Object(_) => Unexpected::Map,
        }
    }
}

impl<'de> Deserializer<'de> for Given {
    type Error = Refused;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Number(number) => number.deserialize_any(visitor).map_err(Refused::from),
            Value::String(text) => visitor.visit_string(text),
            Value::Array(items) => {
                let count = items.len();
                let mut items = Items {
                    rest: items.into_iter(),
                    at: 0,
                };
                let read = visitor.visit_seq(&mut items)?;
                match items.rest.len() {
                    0 => Ok(read),
                    _ => Err(de::Error::invalid_length(count, &"fewer elements")),
                }
            }
            Value::Object(object) => visitor.visit_map(Self::members(object, self.nulls)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        match (&self.value, self.nulls) {
            (Value::Null, Nulls::Values) => visitor.visit_none(),
            _ => visitor.visit_some(Self::plain(self.value)),
        }
    }

    /// Not of an array, as other readers of JSON would: who sends one means no struct.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        match self.value {
            Value::Object(object) => visitor.visit_map(Self::members(object, self.nulls)),
            _ => Err(de::Error::invalid_type(self.unexpected(), &visitor)),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        match self.nulls {
            Nulls::OfMembersAreGiven => visitor.visit_newtype_struct(self),
            _ => visitor.visit_newtype_struct(Self::plain(self.value)),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let read = self.value.deserialize_enum(name, variants, visitor);
        read.map_err(Refused::from)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

struct Members {
    rest: serde_json::map::IntoIter,
    next: Option<(String, Value)>,
    nulls: Nulls,
}

impl<'de> MapAccess<'de> for Members {
    type Error = Refused;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Refused> {
        let Some((name, value)) = self.rest.next() else {
            return Ok(None);
        };
        let from: StringDeserializer<Refused> = name.clone().into_deserializer();
        self.next = Some((name, value));
        seed.deserialize(from).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Refused> {
        let (name, value) = self.next.take().unwrap_or_default();
        let nulls = self.nulls;
        let read = seed.deserialize(Given { value, nulls });
        read.map_err(|refused| refused.below(&name))
    }
}

struct Items {
    rest: std::vec::IntoIter<Value>,
    at: usize,
}

impl<'de> SeqAccess<'de> for Items {
    type Error = Refused;

    fn next_element_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<Option<V::Value>, Refused> {
        let Some(value) = self.rest.next() else {
            return Ok(None);
        };
        let at = self.at;
        self.at += 1;
        let read = seed.deserialize(Given::plain(value));
        read.map(Some).map_err(|refused| refused.within(at))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// Why a value cannot be read, and where it is: `tags[2].name`.
#[derive(Debug)]
struct Refused {
    path: String,
    what: String,
    /// The field that is not there, if this is why.
    missing: Option<&'static str>,
}

impl Refused {
    fn below(mut self, name: &str) -> Self {
        let separator = match self.path.chars().next() {
            None | Some('[') => "",
            Some(_) => ".",
        };
        self.path = format!("{name}{separator}{}", self.path);
        self
    }

    fn within(mut self, at: usize) -> Self {
        let separator = match self.path.chars().next() {
            None | Some('[') => "",
            Some(_) => ".",
        };
        self.path = format!("[{at}]{separator}{}", self.path);
        self
    }

    fn problem(self) -> Problem {
        if let Some(name) = self.missing {
            let field = self.below_path(name);
            let problem = Problem::bad_request("a field that is needed is missing");
            return problem.field(field, "is missing");
        }
        if self.path.is_empty() {
            return Problem::invalid(self.what);
        }
        let problem = Problem::invalid("a value is not of the type of its field");
        problem.field(self.path, self.what)
    }

    fn below_path(&self, name: &str) -> String {
        match self.path.as_str() {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        }
    }
}

impl From<serde_json::Error> for Refused {
    fn from(error: serde_json::Error) -> Self {
        de::Error::custom(error)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Refused {}

impl de::Error for Refused {
    fn custom<T: fmt::Display>(what: T) -> Self {
        Self {
            path: String::new(),
            what: what.to_string(),
            missing: None,
        }
    }

    fn missing_field(field: &'static str) -> Self {
        let mut refused = Self::custom("a field is missing");
        refused.missing = Some(field);
        refused
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::collections::BTreeMap;

    #[derive(serde::Deserialize, Debug, PartialEq)]
    #[serde(rename_all = "camelCase")]
    struct Edit {
        the_title: Option<String>,
        #[serde(default)]
        note: Option<Option<String>>,
    }

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn null_and_absent_are_two_things() {
        let read = |value| patch::<Edit>(object(&value));
        let edit = |title: Option<&str>, note: Option<Option<&str>>| Edit {
            the_title: title.map(str::to_owned),
            note: note.map(|it| it.map(str::to_owned)),
        };
        assert_eq!(read(json!({})).unwrap(), edit(None, None));
        assert_eq!(read(json!({"note": null})).unwrap(), edit(None, Some(None)));
        let both = json!({"note": "n", "theTitle": "t"});
        assert_eq!(read(both).unwrap(), edit(Some("t"), Some(Some("n"))));
        assert!(read(json!({"theTitle": null})).is_err());
        assert!(read(json!({"theTitle": 7})).is_err());
        assert_eq!(
            whole::<Edit>(object(&json!({"theTitle": null}))).unwrap(),
            edit(None, None)
        );
    }

    #[derive(serde::Deserialize, Debug, PartialEq)]
    enum Kind {
        Short,
        Long(i32),
        Named { of: String },
    }

    #[derive(serde::Deserialize, Debug, PartialEq)]
    struct Number(Option<i64>);

    #[derive(serde::Deserialize, Debug, PartialEq)]
    struct Inner {
        a: u8,
        #[serde(default)]
        b: Vec<(f64, bool)>,
    }

    #[derive(serde::Deserialize, Debug, PartialEq)]
    struct Rest {
        kinds: Vec<Kind>,
        number: Number,
        inner: Option<Inner>,
        at: Option<chrono::NaiveDate>,
        #[serde(flatten)]
        more: BTreeMap<String, Value>,
    }

    #[test]
    fn all_that_serde_knows_is_read() {
        let sent = json!({
            "kinds": ["Short", {"Long": -7}, {"Named": {"of": "x"}}], "number": null,
            "inner": {"a": 255, "b": [[1.5, true], [2, false]]}, "at": "2026-11-28", "x": [1, null], "y": "z",
        });
        let expected: Rest = serde_json::from_value(sent.clone()).unwrap();
        assert_eq!(whole::<Rest>(object(&sent)).unwrap(), expected);
        assert_eq!(patch::<Rest>(object(&sent)).unwrap(), expected);
    }

    #[test]
    fn what_is_wrong_is_found() {
        #[derive(serde::Deserialize, Debug)]
        #[allow(dead_code)]
        struct Whole {
            inner: Inner,
            list: Vec<Inner>,
            pair: Option<(i32, i32)>,
        }
        let refused = |value: Value| {
            let given = Given::new(object(&value), Nulls::Values);
            <Whole as serde::Deserialize<'_>>::deserialize(given).unwrap_err()
        };
        let good = || json!({ "inner": {"a": 1}, "list": [] });
        let path = |name: &str, value: Value| {
            let mut sent = good();
            sent[name] = value;
            let refused = refused(sent);
            refused
                .missing
                .map_or(refused.path.clone(), |name| refused.below_path(name))
        };
        assert_eq!(path("inner", json!({"a": "x"})), "inner.a");
        assert_eq!(path("inner", json!({"a": 256})), "inner.a");
        assert_eq!(path("inner", json!({})), "inner.a");
        assert_eq!(path("inner", json!([1])), "inner");
        assert_eq!(
            path("inner", json!({"a": 1, "b": [[1, true], [1, 7]]})),
            "inner.b[1][1]"
        );
        assert_eq!(path("list", json!([{"a": 1}, {"a": null}])), "list[1].a");
        assert_eq!(path("list", json!({})), "list");
        assert_eq!(path("pair", json!([1, 2, 3])), "pair");
        assert_eq!(path("pair", json!([1])), "pair");
        assert_eq!(refused(json!({"inner": {"a": 1}})).missing, Some("list"));
    }
}
