//! The paths of a log.

use super::super::log::Log;
use super::Document;
use super::answers::refusal;
use super::parameters::tags;
use http::Method;
use serde_json::{Value, json};

impl Document {
    /// Adds a log below its path.
    #[must_use]
    pub fn log(mut self, path: &str, log: &Log) -> Self {
        let base = path.trim_end_matches('/');
        let title = log.title();
        let number = json!({
            "name": "no", "in": "path", "required": true, "description": "The number of a changeset.",
            "schema": { "type": "integer", "format": "int64", "minimum": 1 },
        });
        let query = |name: &str, schema: Value| json!({ "name": name, "in": "query", "required": false, "schema": schema });
        let limit = |most: u32| {
            query(
                "limit",
                json!({ "type": "integer", "minimum": 1, "maximum": most }),
            )
        };
        let cursor = || query("cursor", json!({ "type": "string" }));
        let text = || json!({ "type": "string" });
        let if_match = json!({
            "name": "if-match", "in": "header", "required": true, "schema": tags(),
            "description": "The `ETag` of the plan that is meant. Without it the answer is 428.",
        });
        let object = json!({ "type": "object" });
        let list = json!({ "type": "array", "items": object });
        let batch = json!({
            "type": "object", "required": ["changes", "cursor", "more"],
            "properties": { "changes": list, "cursor": text(), "more": { "type": "boolean" } },
        });
        let diffs = json!({
            "type": "object", "required": ["diffs", "cursor", "more"],
            "properties": { "diffs": list, "cursor": text(), "more": { "type": "boolean" } },
        });
        let told = log.has_feed().then(|| {
            let parameters = vec![
                cursor(),
                limit(10_000),
                query("model", text()),
                query("key", text()),
            ];
            (
                "diffs/",
                Method::GET,
                "diffs",
                parameters,
                "application/json",
                diffs,
            )
        });
        let operations = [
            (
                "changes/",
                Method::GET,
                "changes",
                vec![cursor(), limit(10_000)],
                "application/json",
                batch,
            ),
            (
                "changes/events",
                Method::GET,
                "events",
                vec![cursor()],
                "text/event-stream",
                // A schema would be taken for that of one event.
                Value::Null,
            ),
            (
                "changesets/",
                Method::GET,
                "changesets",
                vec![
                    query("by", text()),
                    query("correlation", text()),
                    query("before", json!({ "type": "integer", "format": "int64" })),
                    limit(1_000),
                ],
                "application/json",
                list,
            ),
            (
                "changesets/{no}/",
                Method::GET,
                "changeset",
                vec![number.clone()],
                "application/json",
                object.clone(),
            ),
            (
                "changesets/{no}/undo/",
                Method::GET,
                "undo_plan",
                vec![number.clone()],
                "application/json",
                object.clone(),
            ),
            (
                "changesets/{no}/undo/",
                Method::POST,
                "undo",
                vec![number, if_match],
                "application/json",
                object,
            ),
        ];
        for (place, method, name, parameters, kind, schema) in operations.into_iter().chain(told) {
            let content = match schema {
                Value::Null => json!({}),
                schema => json!({ "schema": schema }),
            };
            let operation = json!({
                "operationId": format!("{name}_{title}"), "tags": [title], "parameters": parameters,
                "responses": {
                    "200": { "description": "What was asked for.", "content": { kind: content } },
                    "default": refusal(),
                },
            });
            self.add(format!("{base}/{place}"), &method, operation);
        }
        self
    }
}
