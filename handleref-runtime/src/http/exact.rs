//! Integers that go over the wire as text, because JavaScript rounds those beyond 2^53.

use super::server::Server;
use serde_json::{Map, Number, Value};

/// Where a document has the value of the field that it names beside it.
const VALUES: [&str; 5] = ["old", "new", "then", "now", "value"];

fn to_text(value: &mut Value) {
    if let Value::Number(number) = value
        && !number.is_f64()
    {
        *value = Value::String(number.to_string());
    }
}

impl Server {
    fn is_text(&self, field: &str) -> bool {
        self.texts.iter().any(|it| it == field)
    }

    /// A row, or values of one.
    pub(super) fn exact(&self, row: &mut Map<String, Value>) {
        for field in &self.texts {
            if let Some(value) = row.get_mut(field) {
                to_text(value);
            }
        }
    }

    /// A document about this model, wherever it has values of a row.
    pub(super) fn exact_in(&self, document: &mut Value) {
        if self.texts.is_empty() {
            return;
        }
        match document {
            Value::Object(members) => {
                let field = members.get("field").and_then(Value::as_str);
                if field.is_some_and(|field| self.is_text(field)) {
                    for name in VALUES {
                        if let Some(value) = members.get_mut(name) {
                            to_text(value);
                        }
                    }
                }
                if let Some(Value::Object(values)) = members.get_mut("values") {
                    self.exact(values);
                }
                for member in members.values_mut() {
                    self.exact_in(member);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.exact_in(item)),
            _ => {}
        }
    }

    /// What a client sends, with numbers again. What is no integer stays, and is refused with its type.
    pub(super) fn numbers(&self, body: &mut Map<String, Value>) {
        for field in &self.texts {
            if let Some(value) = body.get_mut(field)
                && let Value::String(text) = value
                && let Some(number) = integer(text)
            {
                *value = Value::Number(number);
            }
        }
    }
}

/// As it comes out, and not `+7`, `007` or the like.
fn integer(text: &str) -> Option<Number> {
    let number = match text.parse::<i64>() {
        Ok(number) => Number::from(number),
        Err(_) => Number::from(text.parse::<u64>().ok()?),
    };
    (number.to_string() == text).then_some(number)
}
