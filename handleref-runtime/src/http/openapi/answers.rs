//! The answers of the endpoints.

use super::super::problem::Problem;
use super::super::routes::Endpoint;
use super::super::server::Server;
use serde_json::{Map, Value, json};

/// The answer to whatever cannot be done.
pub(super) fn refusal() -> Value {
    json!({
        "description": "A refusal, which its `type` and its status tell.",
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
    })
}

impl Problem {
    pub(super) fn schema() -> Value {
        json!({
            "type": "object", "required": ["type", "title", "status", "detail"],
            "properties": {
                "type": { "type": "string", "format": "uri", "examples": ["urn:handleref:problem:not-found"] },
                "title": { "type": "string" },
                "status": { "type": "integer" },
                "detail": { "type": "string" },
                "errors": {
                    "type": "array",
                    "items": {
                        "type": "object", "required": ["field", "detail"],
                        "properties": { "field": { "type": "string" }, "detail": { "type": "string" } },
                    },
                },
            },
        })
    }
}

pub(super) fn responses(server: &Server, endpoint: Endpoint, row: &Value) -> Value {
    let part = json!({ "type": "object", "description": "Some of the fields, as `fields` says." });
    let row = &match server.known(endpoint).contains(&"fields") {
        true => json!({ "anyOf": [row, part] }),
        false => row.clone(),
    };
    let list = json!({ "type": "array", "items": row });
    let object = json!({ "type": "object" });
    let objects = json!({ "type": "array", "items": object });
    let json = |schema: &Value| json!({ "application/json": { "schema": schema } });
    let mut all = Map::new();
    let mut add = |status: &str, what: &str, content: Option<Value>| {
        let mut response = json!({ "description": what });
        if let Some(content) = content {
            response["content"] = content;
        }
        all.insert(status.to_owned(), response);
    };
    match endpoint {
        Endpoint::List | Endpoint::ListDeleted | Endpoint::ListAll => {
            add(
                "200",
                "Rows. `Link` leads to the next page.",
                Some(json(&list)),
            );
            add("304", "What the client has already.", None);
        }
        Endpoint::Read | Endpoint::ReadDeleted | Endpoint::ReadAny | Endpoint::Version => {
            add("200", "The row. `ETag` is its version.", Some(json(row)));
            add("304", "What the client has already.", None);
        }
        Endpoint::Create => add(
            "201",
            "The new row. `Location` leads to it.",
            Some(json(row)),
        ),
        Endpoint::Replace | Endpoint::Update | Endpoint::Restore | Endpoint::Revert => {
            add("200", "The row as it is now.", Some(json(row)));
            add(
                "204",
                "It is done, and `Prefer: return=minimal` was said.",
                None,
            );
        }
        Endpoint::Delete => add("204", "It is deleted.", None),
        Endpoint::BulkDelete | Endpoint::BulkRestore => {
            let count = json!({
                "type": "object", "required": ["count"],
                "properties": {
                    "count": { "type": "integer" },
                    "count_per_model": { "type": "object", "additionalProperties": { "type": "integer" } },
                },
            });
            add("200", "How many rows.", Some(json(&count)));
            add(
                "204",
                "It is done; `Handleref-Count` says for how many rows.",
                None,
            );
        }
        Endpoint::History | Endpoint::Blame | Endpoint::Gone => {
            add("200", "What was asked for.", Some(json(&objects)));
        }
        Endpoint::Diff | Endpoint::RevertPlan => {
            add("200", "What was asked for.", Some(json(&object)));
        }
    }
    if server.gone && endpoint == Endpoint::Read {
        add(
            "410",
            "The row is soft-deleted.",
            Some(json!({ "application/problem+json": {
            "schema": { "$ref": "#/components/schemas/Problem" },
        } })),
        );
    }
    all.insert("default".to_owned(), refusal());
    Value::Object(all)
}
