//! Digests of rows and of ranges of rows: the same on every engine, because
//! they are of what Rust reads, not of what the database stores.

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// SHA-256.
pub(super) type Digest = [u8; 32];

/// The digest of a row.
pub(super) fn of_row(values: &[Value]) -> Digest {
    let mut text = String::new();
    for value in values {
        write(value, &mut text);
        // JSON has no such character outside of its texts, which escape it.
        text.push('\n');
    }
    Sha256::digest(text.as_bytes()).into()
}

/// The digest of a range, in the order of its keys as texts.
pub(super) fn of_range(rows: &BTreeMap<String, Digest>) -> Digest {
    let mut all = Sha256::new();
    for digest in rows.values() {
        all.update(digest);
    }
    all.finalize().into()
}

/// JSON without blanks, members sorted by their names.
fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            out.push('{');
            for (at, (name, value)) in members.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
        Value::Array(values) => {
            out.push('[');
            for (at, value) in values.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(value, out);
            }
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_order_of_members_does_not_count_and_all_else_does() {
        let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
        let one = of_row(&[parsed(r#"{"a": [1, {"c": 1, "b": "x"}], "b": null}"#)]);
        assert_eq!(
            one,
            of_row(&[parsed(r#"{"b": null, "a": [1, {"b": "x", "c": 1}]}"#)])
        );
        for other in [
            r#"{"a": [1, {"c": 1, "b": "x"}], "b": 0}"#,
            r#"{"a": [1], "b": null}"#,
        ] {
            assert_ne!(one, of_row(&[parsed(other)]));
        }
        assert_ne!(
            of_row(&[json!("a\n"), json!("")]),
            of_row(&[json!("a"), json!("\n")])
        );
        assert_ne!(of_row(&[json!(null)]), of_row(&[json!("null")]));
    }
}
