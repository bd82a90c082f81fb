//! `--json` is as its published schema says.

use crate::each_database;
use crate::program::{Said, piped, piped_at};
use crate::story::{told, write};
use serde_json::{Value, json};

fn schema() -> Value {
    serde_json::from_str(include_str!("../../docs/manage.schema.json")).unwrap()
}

/// Why a value is not as a schema says; with the keywords that ours uses.
fn wrong(root: &Value, schema: &Value, value: &Value, place: &str) -> Option<String> {
    let said = schema.as_object().unwrap();
    for (keyword, want) in said {
        let found = match keyword.as_str() {
            "$ref" => {
                let path = want.as_str().unwrap().trim_start_matches('#');
                wrong(root, root.pointer(path).expect(path), value, place)
            }
            "type" => {
                let one = |want: &Value| match want.as_str().unwrap() {
                    "string" => value.is_string(),
                    "integer" => value.is_i64() || value.is_u64(),
                    "boolean" => value.is_boolean(),
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "null" => value.is_null(),
                    other => panic!("type {other}"),
                };
                let fits = want
                    .as_array()
                    .map_or_else(|| one(want), |all| all.iter().any(one));
                (!fits).then(|| format!("{place}: {value} is no {want}"))
            }
            "const" => (value != want).then(|| format!("{place}: {value} is not {want}")),
            "enum" => (!want.as_array().unwrap().contains(value))
                .then(|| format!("{place}: {value} is none of {want}")),
            "properties" => want.as_object().unwrap().iter().find_map(|(name, want)| {
                wrong(root, want, value.get(name)?, &format!("{place}.{name}"))
            }),
            "required" => want.as_array().unwrap().iter().find_map(|name| {
                let there = !value.is_object() || value.get(name.as_str().unwrap()).is_some();
                (!there).then(|| format!("{place} has no {name}"))
            }),
            // More than it says is a field that was forgotten in it.
            "additionalProperties" => {
                value
                    .as_object()
                    .into_iter()
                    .flatten()
                    .find_map(|(name, _)| {
                        let known = said["properties"].get(name).is_some();
                        (!known).then(|| format!("{place}: {name} is not in the schema"))
                    })
            }
            "items" => value
                .as_array()
                .into_iter()
                .flatten()
                .enumerate()
                .find_map(|(at, item)| wrong(root, want, item, &format!("{place}[{at}]"))),
            "anyOf" => {
                let all: Vec<_> = want
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|it| wrong(root, it, value, place))
                    .collect();
                let none = all.iter().all(Option::is_some);
                none.then(|| all.into_iter().flatten().collect::<Vec<_>>().join("; or "))
            }
            "allOf" => want
                .as_array()
                .unwrap()
                .iter()
                .find_map(|it| wrong(root, it, value, place)),
            "if" => match wrong(root, want, value, place) {
                None => wrong(root, &said["then"], value, place),
                Some(_) => None,
            },
            "then" | "$schema" | "$defs" | "title" | "description" => None,
            other => panic!("the keyword {other}"),
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

fn valid(said: &Said, arguments: &[&str]) {
    let schema = schema();
    assert!(!said.out.is_empty(), "{arguments:?}: {}", said.err);
    for line in said.out.lines() {
        let value: Value = serde_json::from_str(line).expect(line);
        assert_eq!(
            wrong(&schema, &schema, &value, "$"),
            None,
            "{arguments:?}\n{line}"
        );
    }
    let last: Value = serde_json::from_str(said.out.lines().last().unwrap()).unwrap();
    assert_eq!(last["ok"], said.code == 0, "{arguments:?}");
}

/// Each command, as it succeeds and as it fails.
const CALLS: &[&[&str]] = &[
    &["log", "Article", "7"],
    &["log", "Article", "9", "--full"],
    &["log", "Article", "7", "--field", "email"],
    &["log", "Article", "77"],
    &["log", "Nothing", "7"],
    &["log", "Tag", "7,old\\, rust"],
    &["changesets"],
    &["changesets", "-n", "2"],
    &["changesets", "--since", "never"],
    &["changeset", "1"],
    &["changeset", "3"],
    &["changeset", "77"],
    &["changes"],
    &["changes", "-n", "3"],
    &["changes", "--since", "hr1.x"],
    &["stats"],
    &["plan"],
    &["install"],
    &["backfill"],
    &["scan"],
    &["show", "Article", "7"],
    &["show", "Article", "9"],
    &["show", "Article", "7@1"],
    &["diff", "Article", "7", "--from", "v1"],
    &["diff", "Article", "7", "--from", "v77"],
    &["blame", "Article", "7"],
    &["as-of", "#2", "Article"],
    &["as-of", "#2", "Article", "7"],
    &["as-of", "now", "--sql", "SELECT id, title FROM articles"],
    &["as-of", "now", "--sql", "DELETE FROM articles"],
    &["deleted", "Article"],
    &["deleted", "Article", "--gone"],
    &["undo", "3"],
    &["undo", "77"],
    &["restore", "Article", "8"],
    &["revert", "Article", "7", "v1"],
    &["prune", "Article", "--keep-last", "1"],
    &["erase", "Article", "7", "--field", "title"],
    &["hold", "Article", "--because", "a court"],
    &["holds"],
    &["release", "1"],
    &["events"],
    &["doctor"],
    &["no-such-command"],
];

each_database! {
    fn every_answer(db: told) {
        write(db, "nothing else", "UPDATE articles SET email = 'd@example.org', views = 3 WHERE id = 7");
        for arguments in CALLS {
            let mut all = arguments.to_vec();
            all.push("--json");
            valid(&piped(db, &all), arguments);
        }
        // Without a database.
        valid(&piped_at(None, &["stats", "--json"]), &["stats"]);
    }
}

/// The schema knows each command that has data, and the validator finds what is wrong.
#[test]
fn what_is_not_valid() {
    let schema = schema();
    let said = |value: &Value| wrong(&schema, &schema, value, "$");
    let mut answer = json!({
        "schema": 1, "ok": true, "command": "changes", "problems": [],
        "data": { "cursor": "hr1", "more": false, "count": 0 },
    });
    assert_eq!(said(&answer), None);
    answer["data"]["count"] = json!("0");
    assert!(said(&answer).is_some());
    answer["data"] = Value::Null;
    assert_eq!(said(&answer), None);
    answer["extra"] = json!(1);
    assert!(said(&answer).is_some());
    for (_, arguments) in CALLS
        .iter()
        .enumerate()
        .filter(|(at, _)| *at + 1 < CALLS.len())
    {
        let known = schema.pointer(&format!("/$defs/data_{}", arguments[0]));
        assert!(known.is_some(), "{arguments:?}");
    }
}
