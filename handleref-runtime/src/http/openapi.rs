//! The OpenAPI document of resources, made of the table that makes their routes.

use super::Resource;
use super::log::Log;
use super::problem::Problem;
use super::routes::Endpoint;
use super::server::{Filter, Server};
use http::Method;
use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;
use utoipa::{PartialSchema, ToSchema};

/// Schemas of types, by what they are used for.
#[derive(Clone, Default)]
pub(super) struct Schemas {
    row: Option<Named>,
    create: Option<Named>,
    update: Option<Named>,
    replace: Option<Named>,
}

/// A schema, and those that it refers to.
#[derive(Clone)]
struct Named {
    name: String,
    all: Vec<(String, Value)>,
}

impl Named {
    fn of<T: ToSchema>() -> Self {
        let mut others = Vec::new();
        T::schemas(&mut others);
        let name = T::name().into_owned();
        others.push((name.clone(), <T as PartialSchema>::schema()));
        let all = others.into_iter();
        let all = all.map(|(name, schema)| (name, json!(schema)));
        Self {
            name,
            all: all.collect(),
        }
    }
}

impl<M, DB> Resource<M, DB> {
    /// The schema of a row as it comes out, for the [document](Document). Without it the document has its fields
    /// without their types.
    pub fn row_schema<T: ToSchema>(mut self) -> Self {
        self.server.schemas.row = Some(Named::of::<T>());
        self
    }

    /// The schema of what [`create`](Resource::create) takes.
    pub fn create_schema<T: ToSchema>(mut self) -> Self {
        self.server.schemas.create = Some(Named::of::<T>());
        self
    }

    /// The schema of what [`update`](Resource::update) takes. `PUT` takes the same with all fields.
    pub fn update_schema<T: ToSchema>(mut self) -> Self {
        self.server.schemas.update = Some(Named::of::<T>());
        self
    }

    /// The schema of what [`replace`](Resource::replace) takes.
    pub fn replace_schema<T: ToSchema>(mut self) -> Self {
        self.server.schemas.replace = Some(Named::of::<T>());
        self
    }
}

/// An OpenAPI 3.1 document of resources: their paths, parameters, bodies and answers.
///
/// ```text
/// let document = http::Document::new("Blog", "1.0")
///     .resource("/articles", &articles)
///     .log("/log", &log)
///     .build()?;
/// app.route("/openapi.json", get(move || async move { Json(document) }))
/// ```
///
/// What it gives is utoipa's type, which can be merged with a document of the program's own.
/// Where a router is nested, its path is the whole one.
#[derive(Debug, Clone)]
pub struct Document {
    title: String,
    version: String,
    paths: Map<String, Value>,
    schemas: Map<String, Value>,
}

impl Document {
    /// Begins one, of an API with this title and version.
    pub fn new(title: impl Into<String>, version: impl Into<String>) -> Self {
        let mut schemas = Map::new();
        schemas.insert("Problem".into(), Problem::schema());
        Self {
            title: title.into(),
            version: version.into(),
            paths: Map::new(),
            schemas,
        }
    }

    /// Adds a resource below its path.
    #[must_use]
    pub fn resource<M, DB>(mut self, path: &str, resource: &Resource<M, DB>) -> Self {
        let server = &resource.server;
        let row = self.named(server.schemas.row.as_ref(), server.model.name(), || {
            row(server)
        });
        let base = path.trim_end_matches('/');
        for endpoint in Endpoint::ALL {
            for (method, found) in server.at(endpoint.path()) {
                if found != *endpoint {
                    continue;
                }
                let operation = self.operation(server, found, &method, &row);
                let path = format!("{base}{}", endpoint.path());
                self.add(path, &method, operation);
            }
        }
        self
    }

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
            "name": "if-match", "in": "header", "required": false, "schema": tags(),
            "description": "The `ETag` of the plan that is meant. It must be there, or the answer is 428.",
        });
        let object = json!({ "type": "object" });
        let list = json!({ "type": "array", "items": object });
        let batch = json!({
            "type": "object", "required": ["changes", "cursor", "more"],
            "properties": { "changes": list, "cursor": text(), "more": { "type": "boolean" } },
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
                text(),
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
        for (place, method, name, parameters, kind, schema) in operations {
            let operation = json!({
                "operationId": format!("{name}_{title}"), "tags": [title], "parameters": parameters,
                "responses": {
                    "200": { "description": "What was asked for.", "content": { kind: { "schema": schema } } },
                    "default": refusal(),
                },
            });
            self.add(format!("{base}/{place}"), &method, operation);
        }
        self
    }

    /// The document.
    ///
    /// # Errors
    /// If a schema of the program's is none that utoipa reads.
    pub fn build(self) -> Result<OpenApi, serde_json::Error> {
        let document = json!({
            "openapi": "3.1.0",
            "info": { "title": self.title, "version": self.version },
            "paths": self.paths,
            "components": { "schemas": self.schemas },
        });
        serde_json::from_value(document)
    }

    fn add(&mut self, path: String, method: &Method, operation: Value) {
        let item = self.paths.entry(path).or_insert_with(|| json!({}));
        item[method.as_str().to_lowercase()] = operation;
    }

    /// A reference to the schema of a type, or to one that is made here.
    fn named(&mut self, known: Option<&Named>, name: &str, make: impl FnOnce() -> Value) -> Value {
        let name = match known {
            Some(known) => {
                self.schemas.extend(known.all.iter().cloned());
                known.name.as_str()
            }
            None => {
                self.schemas.insert(name.to_owned(), make());
                name
            }
        };
        json!({ "$ref": format!("#/components/schemas/{name}") })
    }

    fn operation(
        &mut self,
        server: &Server,
        endpoint: Endpoint,
        method: &Method,
        row: &Value,
    ) -> Value {
        let model = server.model.name();
        let mut operation = json!({
            "operationId": format!("{}_{model}", endpoint.name()), "summary": endpoint.summary(), "tags": [model],
            "parameters": parameters(server, endpoint), "responses": responses(server, endpoint, row),
        });
        if *method == Method::POST && endpoint == Endpoint::Replace {
            operation["operationId"] = format!("post_{model}").into();
        }
        if let Some((schema, kinds)) = self.input(server, endpoint) {
            let content = kinds
                .iter()
                .map(|kind| ((*kind).to_owned(), json!({ "schema": schema })));
            let content: Map<String, Value> = content.collect();
            operation["requestBody"] = json!({ "required": true, "content": content });
        }
        operation
    }

    /// What a client sends, and as which media types.
    fn input(
        &mut self,
        server: &Server,
        endpoint: Endpoint,
    ) -> Option<(Value, &'static [&'static str])> {
        const JSON: &[&str] = &["application/json"];
        const PATCH: &[&str] = &["application/json", "application/merge-patch+json"];
        let (schemas, model) = (&server.schemas, server.model.name());
        let (accepts, known, name, kinds) = match endpoint {
            Endpoint::Create => (&server.create, &schemas.create, format!("New{model}"), JSON),
            Endpoint::Update => (
                &server.update,
                &schemas.update,
                format!("Edit{model}"),
                PATCH,
            ),
            Endpoint::Replace => match &server.replace {
                Some(_) => (
                    &server.replace,
                    &schemas.replace,
                    format!("Whole{model}"),
                    JSON,
                ),
                None => (
                    &server.update,
                    &schemas.update,
                    format!("Edit{model}"),
                    JSON,
                ),
            },
            _ => return None,
        };
        let fields = accepts.as_ref()?.fields.unwrap_or_default();
        let make = || object_of(fields.iter().map(|name| ((*name).to_owned(), anything())));
        let schema = self.named(known.as_ref(), &name, make);
        let whole = endpoint == Endpoint::Replace && server.replace.is_none();
        Some(match whole {
            true => (
                json!({ "allOf": [schema, { "type": "object", "required": fields }] }),
                kinds,
            ),
            false => (schema, kinds),
        })
    }
}

/// A value of a type that is not known.
fn anything() -> Value {
    json!({ "type": ["string", "number", "boolean", "object", "array", "null"] })
}

fn object_of(properties: impl Iterator<Item = (String, Value)>) -> Value {
    let properties: Map<String, Value> = properties.collect();
    json!({ "type": "object", "properties": properties })
}

/// A row, as far as it is known without its type.
fn row(server: &Server) -> Value {
    let fields = server.model.fields().filter(|field| field.is_recorded);
    let shown = fields.filter(|field| !server.hidden.iter().any(|it| it == field.name));
    object_of(shown.map(|field| (field.name.to_owned(), anything())))
}

/// The answer to whatever cannot be done.
fn refusal() -> Value {
    json!({
        "description": "A refusal, which its `type` and its status tell.",
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
    })
}

impl Problem {
    fn schema() -> Value {
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

fn parameters(server: &Server, endpoint: Endpoint) -> Value {
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
    let writes = [
        Endpoint::Update,
        Endpoint::Replace,
        Endpoint::Delete,
        Endpoint::Restore,
        Endpoint::Revert,
    ];
    if writes.contains(&endpoint) {
        all.push(json!({
            "name": "if-match", "in": "header", "required": false,
            "description": "The `ETag` of the version that is meant.", "schema": tags(),
        }));
    }
    Value::Array(all)
}

const INSTANT: &str = <chrono::DateTime<chrono::Utc> as super::QueryValue>::PATTERN;

const SECONDS: &str = "-?[0-9]{1,10}([.][0-9]{1,6})?";

/// Texts of this pattern, from the first character to the last.
fn texts(pattern: &str) -> Value {
    json!({ "type": "string", "pattern": format!("^({pattern})$") })
}

/// What `If-Match` takes.
fn tags() -> Value {
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
            let name = format!("-?({})", names.collect::<Vec<_>>().join("|"));
            texts(&format!("({name}(,{name})*)?"))
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

fn responses(server: &Server, endpoint: Endpoint, row: &Value) -> Value {
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

impl Endpoint {
    const fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Create => "create",
            Self::BulkDelete => "delete_all",
            Self::Read => "read",
            Self::Replace => "replace",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::BulkRestore => "restore_all",
            Self::Restore => "restore",
            Self::ListDeleted => "list_deleted",
            Self::ReadDeleted => "read_deleted",
            Self::ListAll => "list_with_deleted",
            Self::ReadAny => "read_with_deleted",
            Self::History => "history",
            Self::Version => "read_version",
            Self::Diff => "diff",
            Self::Blame => "blame",
            Self::RevertPlan => "revert_plan",
            Self::Revert => "revert",
            Self::Gone => "list_gone",
        }
    }

    const fn summary(self) -> &'static str {
        match self {
            Self::List => "Rows that are not soft-deleted",
            Self::Create => "Inserts a row",
            Self::BulkDelete => "Deletes all rows of the filter",
            Self::Read => "One row",
            Self::Replace => "Changes all fields of a row",
            Self::Update => "Changes some fields of a row",
            Self::Delete => "Deletes a row",
            Self::BulkRestore => "Restores all soft-deleted rows of the filter",
            Self::Restore => "Restores a soft-deleted row",
            Self::ListDeleted => "Soft-deleted rows",
            Self::ReadDeleted => "One soft-deleted row",
            Self::ListAll => "Rows, soft-deleted or not",
            Self::ReadAny => "One row, soft-deleted or not",
            Self::History => "What happened to a row, newest first",
            Self::Version => "A row as it was in a version",
            Self::Diff => "What differs between two versions",
            Self::Blame => "Which version set each field",
            Self::RevertPlan => "What bringing a row back to a version would do",
            Self::Revert => "Brings a row back to a version",
            Self::Gone => "Rows that were deleted for good",
        }
    }
}
