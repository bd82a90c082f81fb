//! The OpenAPI document of resources, made of the table that makes their routes.

mod answers;
mod log;
mod names;
mod parameters;

use super::Resource;
use super::problem::Problem;
use super::routes::Endpoint;
use super::server::Server;
use answers::responses;
use http::Method;
use parameters::parameters;
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

    /// Says that an object of a client's has no other fields. One that is put together of several
    /// stays as it is.
    fn close(&mut self, name: &str) {
        let schema = self.schemas.get_mut(name).and_then(Value::as_object_mut);
        if let Some(schema) = schema.filter(|schema| schema.contains_key("properties")) {
            let others = schema.entry("additionalProperties");
            others.or_insert(false.into());
        }
    }

    /// Takes null from the fields of a patch whose columns cannot be null: an `Option<T>` there may
    /// be left out, which its schema says as if it could be null.
    fn without_nulls(&mut self, name: &str, server: &Server) {
        let never = server.model.fields().filter(|field| !field.is_nullable);
        for field in never {
            let place = format!("/properties/{}/type", field.name);
            let kinds = self.schemas[name].pointer_mut(&place);
            if let Some(Value::Array(kinds)) = kinds {
                kinds.retain(|kind| kind != "null");
            }
        }
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
        let name = known.as_ref().map_or(&*name, |known| &known.name);
        self.close(name);
        let whole = endpoint == Endpoint::Replace && server.replace.is_none();
        if endpoint == Endpoint::Update || whole {
            self.without_nulls(name, server);
        }
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
