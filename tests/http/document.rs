//! The OpenAPI document says what there is, no more and no less.

use crate::each_site;
use crate::models::Options;
use serde_json::Value;
use std::collections::BTreeSet;

/// All references in a document.
fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match (name.as_str(), member.as_str()) {
                    ("$ref", Some(target)) => found.push(target.to_owned()),
                    _ => references(member, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

each_site! {
    fn it_is_the_table_of_routes(site, Options { post_updates: true, gone: true, if_match: true, ..Options::default() }) {
        let document = site.get("/openapi.json").is(200).json();
        assert_eq!(document["openapi"], "3.1.0");
        let paths = document["paths"].as_object().unwrap();
        assert_eq!(paths.len(), 14 + 14 + 8 + 6);
        let mut ids = BTreeSet::new();
        for (path, item) in paths {
            let item = item.as_object().unwrap();
            let real = path.replace("{key}", "1").replace("{version}", "1").replace("{no}", "1");
            let allow = site.send("OPTIONS", &real, &[], "").is(204);
            let allowed = allow.header("allow").split(", ").filter(|it| !["HEAD", "OPTIONS"].contains(it));
            let allowed: BTreeSet<String> = allowed.map(str::to_lowercase).collect();
            let named: BTreeSet<String> = item.keys().cloned().collect();
            assert_eq!(named, allowed, "{path}");
            for operation in item.values() {
                assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{operation}");
                assert!(operation["responses"]["default"].is_object(), "{operation}");
                let parameters = operation["parameters"].as_array().unwrap().iter();
                let in_path = parameters.filter(|it| it["in"] == "path").count();
                assert_eq!(in_path, path.matches('{').count(), "{path}");
            }
        }
    }

    fn everything_that_it_refers_to_is_there(site) {
        let document = site.get("/openapi.json").is(200).json();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 50, "{}", found.len());
        for reference in found {
            let target = document.pointer(reference.trim_start_matches('#'));
            assert!(target.is_some_and(Value::is_object), "{reference}");
        }
        let schemas = &document["components"]["schemas"];
        assert_eq!(schemas["NewArticle"]["properties"]["slug"]["type"], "string");
        // Without a schema of its own a type has the names of its fields.
        assert!(schemas["NewComment"]["properties"]["article_id"].is_object());
        assert!(schemas["Comment"]["properties"]["body"].is_object());
        let list = document["paths"]["/articles/"]["get"]["parameters"].as_array().unwrap();
        let filter = list.iter().find(|it| it["name"] == "id__in").unwrap();
        assert!(filter["description"].as_str().unwrap().contains("separated by commas"));
    }

    fn it_says_what_is_refused(site) {
        let document = site.get("/openapi.json").is(200).json();
        let schemas = &document["components"]["schemas"];
        for name in ["NewArticle", "EditArticle", "NewComment", "WholeComment", "EditTag"] {
            assert_eq!(schemas[name]["additionalProperties"], false, "{name}");
        }
        assert!(schemas["Article"]["additionalProperties"].is_null());
        // Of an `Option<T>` that may be left out and must not be null, and of one that may be both.
        let fields = &schemas["EditArticle"]["properties"];
        assert_eq!(fields["slug"]["type"], serde_json::json!(["string"]));
        assert_eq!(fields["note"]["type"], serde_json::json!(["string", "null"]));
        let undo = &document["paths"]["/log/changesets/{no}/undo/"]["post"]["parameters"];
        assert_eq!((undo[1]["name"].as_str(), &undo[1]["required"]), (Some("if-match"), &true.into()));
        let order = |path: &str| {
            let parameters = document["paths"][path]["get"]["parameters"].as_array().unwrap().iter();
            let order = parameters.clone().find(|it| it["name"] == "order").unwrap();
            order["schema"]["pattern"].as_str().unwrap().to_owned()
        };
        assert_eq!(order("/comments/"), "^()$");
        let tag = |path: &str| {
            let parameters = document["paths"][path]["delete"]["parameters"].as_array().unwrap().iter();
            parameters.clone().find(|it| it["name"] == "if-match").unwrap()["schema"]["pattern"].clone()
        };
        assert_eq!(tag("/articles/{key}/"), "^([*]|\"[!#-~]*\")$");
        // What has no version has no other tag.
        assert_eq!(tag("/api/tags/{key}/"), "^([*])$");
        assert_eq!(order("/articles/"), "^((-?(title|note|id|secret)(,-?(title|note|id|secret))*)?)$");
    }
}
