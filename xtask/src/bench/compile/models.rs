//! The models of the crates that are compiled.

/// The columns of a model: the name, the type in SQL and the type in Rust.
const COLUMNS: [(&str, &str, &str); 12] = [
    ("id", "Integer", "i32"),
    ("name", "Text", "String"),
    ("title", "Text", "String"),
    ("body", "Nullable<Text>", "Option<String>"),
    ("size", "Integer", "i32"),
    ("price", "BigInt", "i64"),
    ("rate", "Double", "f64"),
    ("hidden", "Bool", "bool"),
    ("version", "BigInt", "i64"),
    ("created_at", "Timestamp", "chrono::NaiveDateTime"),
    ("updated_at", "Timestamp", "chrono::NaiveDateTime"),
    (
        "deleted_at",
        "Nullable<Timestamp>",
        "Option<chrono::NaiveDateTime>",
    ),
];

/// Those that a client may send, with their types in Rust.
pub(super) const OWN: [(&str, &str); 7] = {
    let mut own = [("", ""); 7];
    let mut at = 0;
    while at < own.len() {
        let (name, _, rust) = COLUMNS[at + 1];
        own[at] = (name, rust);
        at += 1;
    }
    own
};

/// Names of models. They have no digits, because a tag, which has none, is made of them.
pub(super) fn names(count: usize) -> Vec<String> {
    (b'a'..=b'z')
        .flat_map(|first| [b'a', b'b'].map(|second| [first, second]))
        .map(|name| String::from_utf8_lossy(&name).into_owned())
        .take(count)
        .collect()
}

/// The tables and structs, with these derives beside Diesel's.
pub(super) fn models(names: &[String], derives: &str) -> String {
    let list =
        |write: fn(&(&str, &str, &str)) -> String| COLUMNS.iter().map(write).collect::<String>();
    let table = list(|(name, sql, _)| format!("        {name} -> {sql},\n"));
    let fields = list(|(name, _, rust)| format!("    pub {name}: {rust},\n"));
    let model = |name: &String| {
        format!(
            "diesel::table! {{\n    models_{name} (id) {{\n{table}    }}\n}}\n\
             #[derive(Debug, Clone, diesel::Queryable, diesel::Selectable, diesel::Identifiable, \
             diesel::Insertable, diesel::AsChangeset{derives})]\n\
             #[diesel(table_name = models_{name})]\npub struct Model{name} {{\n{fields}}}\n"
        )
    };
    names.iter().map(model).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_differ_by_name() {
        let names = names(40);
        let text = models(&names, ", Recorded");
        assert_eq!(text.matches("AsChangeset, Recorded)]").count(), 40);
        assert!(text.contains("pub struct Modeltb {"));
    }
}
