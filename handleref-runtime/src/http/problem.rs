//! Problem documents, RFC 9457: how every refusal is answered.

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// A refusal: what a client did wrong, or what is in its way.
///
/// It is answered as `application/problem+json`, as RFC 9457 has it: `type`, `title`, `status`, `detail`,
/// and, where single fields are wrong, `errors` with the name and the fault of each. The type is
/// `urn:handleref:problem:` and a code that does not change.
///
/// ```
/// use handleref_runtime::http::Problem;
/// let problem = Problem::invalid("an article needs a title").field("title", "must not be empty");
/// assert_eq!(problem.status().as_u16(), 422);
/// ```
#[derive(Debug, Clone)]
pub struct Problem(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: Cow<'static, str>,
    errors: Vec<FieldProblem>,
    more: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

#[derive(Debug, Clone)]
struct FieldProblem {
    field: String,
    detail: String,
}

impl Problem {
    /// One of the program's own; `code` ends its type.
    pub fn new(
        status: StatusCode,
        code: &'static str,
        title: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self(Box::new(Parts {
            status,
            code,
            title,
            detail: detail.into(),
            errors: Vec::new(),
            more: Map::new(),
            headers: Vec::new(),
        }))
    }

    /// 422: the values of a body cannot be accepted.
    pub fn invalid(detail: impl Into<Cow<'static, str>>) -> Self {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self::new(status, "invalid", "The values are not valid", detail)
    }

    /// 400: the request cannot be understood.
    pub fn bad_request(detail: impl Into<Cow<'static, str>>) -> Self {
        let status = StatusCode::BAD_REQUEST;
        Self::new(status, "bad-request", "The request is not valid", detail)
    }

    /// 403.
    pub fn forbidden(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Not allowed", detail)
    }

    /// 404.
    pub fn not_found() -> Self {
        let detail = "there is nothing here, or not for this user";
        Self::new(StatusCode::NOT_FOUND, "not-found", "Not found", detail)
    }

    /// 409: something stands in the way.
    pub fn conflict(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, code, "Conflict", detail)
    }

    /// 500. What happened is for the program's log alone.
    pub fn internal() -> Self {
        let detail = "the server could not do this; it knows why";
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self::new(status, "internal", "Internal error", detail)
    }

    /// Names a field, and what is wrong with it.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>, detail: impl Into<String>) -> Self {
        self.0.errors.push(FieldProblem {
            field: field.into(),
            detail: detail.into(),
        });
        self
    }

    /// Adds a member to the document.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.more.insert(name.to_owned(), value.into());
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    fn document(&self) -> Map<String, Value> {
        let mut all = self.0.more.clone();
        let kind = format!("urn:handleref:problem:{}", self.0.code);
        all.insert("type".into(), kind.into());
        all.insert("title".into(), self.0.title.into());
        all.insert("status".into(), self.0.status.as_u16().into());
        all.insert("detail".into(), self.0.detail.as_ref().into());
        if !self.0.errors.is_empty() {
            let errors = self.0.errors.iter().map(|error| {
                let (field, detail) = (error.field.as_str(), error.detail.as_str());
                serde_json::json!({ "field": field, "detail": detail })
            });
            all.insert("errors".into(), errors.collect());
        }
        all
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Value::Object(self.document()).to_string();
        let kind = HeaderValue::from_static("application/problem+json");
        let mut response = (self.0.status, body).into_response();
        response.headers_mut().insert(CONTENT_TYPE, kind);
        for (name, value) in self.0.headers {
            response.headers_mut().insert(name, value);
        }
        response
    }
}
