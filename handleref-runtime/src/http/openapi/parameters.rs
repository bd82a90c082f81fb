//! The parameters of the endpoints.

use super::super::routes::Endpoint;
use super::super::server::{Filter, Server};
use serde_json::{Value, json};

pub(super) fn parameters(server: &Server, endpoint: Endpoint) -> Value {
    let mut all = Vec::new();
    for (name, what) in [
        ("key", "The key of a row."),
        ("version", "A version of it, such as 3 or v3."),
    ] {
        if endpoint.path().contains(&format!("{{{name}}}")) {
            all.push(json!({
                "name": name, "in": "path", "required": true, "description": what, "schema": { "type": "string" },
            }));
        }
    }
    let known = server.known(endpoint);
    let shown = known
        .iter()
        .filter(|name| !server.hidden.iter().any(|it| it == *name));
    all.extend(shown.map(|name| parameter(server, endpoint, name)));
    if !endpoint.method().is_safe() {
        all.push(json!({
            "name": "idempotency-key", "in": "header", "required": server.needs_key && endpoint == Endpoint::Create,
            "description": "A text that no other request has. The same request with the same key is done once, and answered again.",
            "schema": { "type": "string", "pattern": super::super::repeat::PATTERN },
        }));
    }
    let writes = [
        Endpoint::Update,
        Endpoint::Replace,
        Endpoint::Delete,
        Endpoint::Restore,
        Endpoint::Revert,
    ];
    if writes.contains(&endpoint) {
        // Without versions there is nothing to compare with.
        let schema = match server.model.roles().version {
            Some(_) => tags(),
            None => texts("[*]"),
        };
        all.push(json!({
            "name": "if-match", "in": "header", "required": false,
            "description": "The `ETag` of the version that is meant.", "schema": schema,
        }));
    }
    Value::Array(all)
}

const INSTANT: &str = <chrono::DateTime<chrono::Utc> as super::super::QueryValue>::PATTERN;

const SECONDS: &str = "-?[0-9]{1,10}([.][0-9]{1,6})?";

/// Texts of this pattern, from the first character to the last.
fn texts(pattern: &str) -> Value {
    json!({ "type": "string", "pattern": format!("^({pattern})$") })
}

/// What `If-Match` takes.
pub(super) fn tags() -> Value {
    texts(r#"[*]|"[!#-~]*""#)
}

fn parameter(server: &Server, endpoint: Endpoint, name: &str) -> Value {
    let filter = server.filters.iter().find(|filter| filter.name == name);
    if let Some(Filter {
        expected, pattern, ..
    }) = filter
    {
        return json!({
            "name": name, "in": "query", "required": false, "description": format!("Only such: {expected}. Given twice it means either."),
            "schema": { "type": "array", "items": texts(pattern) }, "style": "form", "explode": true,
        });
    }
    let schema = match name {
        "limit" => json!({ "type": "integer", "minimum": 1, "maximum": server.longest_page }),
        "before" => json!({ "type": "integer", "format": "int64" }),
        "permanent" => json!({ "type": "string", "enum": ["true", "false", ""] }),
        "since" | "until" => texts(&format!("v[0-9]{{1,18}}|{SECONDS}|{INSTANT}")),
        "as_of" => texts(&format!("{SECONDS}|{INSTANT}")),
        "to" if endpoint == Endpoint::Diff => texts("v?[0-9]{1,18}|now"),
        "to" => texts("v?[0-9]{1,18}"),
        "from" => texts("v?[0-9]{1,18}"),
        "order" => {
            let names = server.orders.iter().map(|order| order.name);
            let names = names.filter(|name| !server.hidden.iter().any(|it| it == name));
            match names.collect::<Vec<_>>().join("|") {
                none if none.is_empty() => texts(""),
                names => texts(&format!("(-?({names})(,-?({names}))*)?")),
            }
        }
        "fields" if server.show.is_none() => {
            let fields = server.model.fields().filter(|field| field.is_recorded);
            let names = fields.map(|field| field.name);
            let names = names.filter(|name| !server.hidden.iter().any(|it| it == name));
            let name = format!("({})", names.collect::<Vec<_>>().join("|"));
            texts(&format!("{name}(,{name})*"))
        }
        _ => json!({ "type": "string" }),
    };
    let what = match name {
        "limit" => "How many at most.",
        "cursor" => "Where the page begins; the `Link` of the page before has it.",
        "order" => "Names of columns, separated by commas; a minus sign before one turns it round.",
        "fields" => "Names of fields, separated by commas.",
        "since" | "until" => "A version such as v12, an instant of RFC 3339, or Unix seconds.",
        "as_of" => "As it was then: an instant of RFC 3339, or Unix seconds.",
        "permanent" => "Whether it is deleted for good.",
        "before" => "Only records before this one.",
        "to" | "from" => "A version such as v3.",
        _ => "",
    };
    let required = name == "from";
    json!({ "name": name, "in": "query", "required": required, "description": what, "schema": schema })
}
