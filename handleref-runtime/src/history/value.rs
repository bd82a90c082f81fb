//! The values of a model's fields.

use super::model::Recorded;
use serde_json::Value;

/// The fields of a model as values, for comparisons. `F` is [`Json`]; it is a
/// parameter so that a model with a field that cannot be serialised is a
/// recorded model all the same, only without diffs.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not recorded",
    label = "a model with a history is needed here",
    note = "add `#[derive(Recorded)]` to `{Self}`"
)]
pub trait Fields<F>: Recorded {
    /// The names of the struct's fields, in the order of
    /// [`Recording::columns`](crate::facts::Recording::columns).
    const FIELDS: &'static [&'static str];
    /// Their values.
    fn values(&self) -> Vec<Value>;
    /// Reads a text as a value of the field at this place; `None` is null.
    ///
    /// A type is read by `FromStr`, else by `serde::Deserialize` from the text
    /// and then from JSON in it.
    ///
    /// ```text
    /// <Article as Fields<Json>>::clean(2, Some("17"))?; // json!(17)
    /// ```
    ///
    /// # Errors
    /// What is wrong with the text, in words.
    fn clean(field: usize, text: Option<&str>) -> Result<Value, String>;
}

/// Values as serde sees them.
#[derive(Debug, Clone, Copy)]
pub struct Json;

/// A field whose values can be compared and shown.
#[diagnostic::on_unimplemented(
    message = "values of type `{Self}` cannot be compared: `{Self}` does not implement `serde::Serialize`",
    note = "derive or implement `serde::Serialize` for it"
)]
pub trait FieldValue<F> {
    /// The value; null if it cannot be serialised.
    fn value(&self) -> Value;
}

#[diagnostic::do_not_recommend]
impl<T: serde::Serialize> FieldValue<Json> for T {
    fn value(&self) -> Value {
        serde_json::to_value(self).unwrap_or(Value::Null)
    }
}

/// A value that a property computed by Rust may have.
#[diagnostic::on_unimplemented(
    message = "a property cannot be a `{Self}`",
    note = "use an integer, `f32`, `f64`, `bool`, `String`, `&str`, `NaiveDate` or `NaiveDateTime`, or an `Option` of one"
)]
pub trait PropertyValue {
    /// The value as a text that every engine can cast; `None` is null.
    fn text(&self) -> Option<String>;
}

macro_rules! texts {
    ($($ty:ty)*) => { $(
        impl PropertyValue for $ty {
            fn text(&self) -> Option<String> {
                Some(self.to_string())
            }
        }
    )* };
}
texts!(i16 i32 i64 f32 f64 String &str chrono::NaiveDate);

impl PropertyValue for bool {
    fn text(&self) -> Option<String> {
        Some(if *self { "1" } else { "0" }.to_owned())
    }
}

impl PropertyValue for chrono::NaiveDateTime {
    fn text(&self) -> Option<String> {
        Some(self.format("%F %T%.f").to_string())
    }
}

impl<T: PropertyValue> PropertyValue for Option<T> {
    fn text(&self) -> Option<String> {
        self.as_ref().and_then(T::text)
    }
}
