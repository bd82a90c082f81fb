//! That no attribute of the derives is without a snapshot.

use std::path::Path;

/// The names in a list of the derive's source: `const NAME: [&str; 2] = ["a", "b"];`
fn listed(source: &str, name: &str) -> Vec<String> {
    let (_, rest) = source
        .split_once(&format!("const {name}: [&str; "))
        .unwrap();
    let (_, list) = rest.split_once('[').unwrap();
    let (list, _) = list.split_once(']').unwrap();
    let names = list.split('"').skip(1).step_by(2);
    names.map(str::to_owned).collect()
}

/// What is written in `#[name(..)]` somewhere in a text.
fn written(text: &str, name: &str) -> String {
    let start = format!("{name}(");
    let parts = text.split(&start).skip(1);
    let parts = parts.map(|part| part.split(")]").next().unwrap_or_default());
    parts.collect::<Vec<_>>().join("\n")
}

/// Whether a text has a key as a word of its own.
fn has(text: &str, key: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.split(|c| !is_part(c)).any(|word| word == key)
}

#[test]
fn every_attribute_is_used() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut models = String::new();
    for entry in std::fs::read_dir(root.join("tests/ddl/models")).unwrap() {
        models += &std::fs::read_to_string(entry.unwrap().path()).unwrap();
    }
    for (derive, source) in [("handleref", "attrs.rs"), ("recorded", "recorded/attrs.rs")] {
        let source = root.join("handleref-derive/src").join(source);
        let source = std::fs::read_to_string(source).unwrap();
        let written = written(&models, derive);
        for list in ["STRUCT_KEYS", "FIELD_KEYS"] {
            let keys = listed(&source, list);
            assert!(keys.len() >= 4, "{keys:?}");
            let missing: Vec<&String> = keys.iter().filter(|key| !has(&written, key)).collect();
            assert!(missing.is_empty(), "no model has `{derive}({missing:?})`");
        }
    }
}
