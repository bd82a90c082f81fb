//! The OpenAPI document of resources, made of the table that makes their routes.

mod answers;
mod names;
mod parameters;

use super::Resource;
use super::log::Log;
use super::problem::Problem;
use super::routes::Endpoint;
use super::server::Server;
use answers::{refusal, responses};
use http::Method;
use parameters::{parameters, tags};
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
        let known = server.schemas.row.as_ref();
        let row = self.named(server, known, server.model.name(), || row(server));
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
        for (place, method, name, parameters, kind, schema) in operations.into_iter().chain(told) {
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

    /// A reference to the schema of a type, or to one that is made here; integers that go over the
    /// wire as text are texts in it.
    fn named(
        &mut self,
        server: &Server,
        known: Option<&Named>,
        name: &str,
        make: impl FnOnce() -> Value,
    ) -> Value {
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
        let properties = self
            .schemas
            .get_mut(name)
            .and_then(|it| it.get_mut("properties"));
        if let Some(Value::Object(properties)) = properties {
            for field in &server.texts {
                if let Some(property) = properties.get_mut(field) {
                    *property = integer_as_text(property);
                }
            }
        }
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
        let schema = self.named(server, known.as_ref(), &name, make);
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

/// The schema of a field whose integers are texts.
fn integer_as_text(property: &Value) -> Value {
    let kinds = property.get("type").and_then(Value::as_array);
    let kind = match kinds.is_some_and(|kinds| kinds.contains(&json!("null"))) {
        true => json!(["string", "null"]),
        false => json!("string"),
    };
    json!({ "type": kind, "format": "int64", "pattern": "^(0|-?[1-9][0-9]{0,18})$" })
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
