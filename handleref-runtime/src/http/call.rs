//! One request: what it says, and how it is answered.

use super::body::{Accepted, object};
use super::failure::{Refused, explained};
use super::pool::{NoConnection, Work};
use super::problem::Problem;
use super::query::Query;
use super::repeat::{self, Once};
use super::routes::{Endpoint, Place};
use super::server::{Failure, Server};
use super::tag::Conditions;
use super::{past, read, revert, write};
use crate::changeset::ChangesetMeta;
use crate::error::Error;
use crate::session::Session;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, ALLOW, CONTENT_LENGTH, HeaderMap};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode};
use serde_json::{Map, Value};
use std::fmt::Debug;
use std::sync::Arc;
use tower_service::Service;

/// How often a request is tried while other transactions are in its way.
pub(super) const ATTEMPTS: u32 = 3;

/// What a request says.
pub(super) struct Call {
    pub(super) server: Arc<Server>,
    pub(super) endpoint: Endpoint,
    pub(super) parts: Parts,
    /// Of the path; `None` also if it is no text.
    pub(super) key: Option<String>,
    pub(super) version: Option<String>,
    pub(super) query: Query,
    pub(super) permanent: bool,
    pub(super) conditions: Conditions,
    pub(super) prefer: Prefer,
    /// What the policy hides from this request.
    pub(super) hidden: Vec<String>,
    pub(super) body: Map<String, Value>,
    /// Of a request that writes.
    pub(super) once: Option<Once>,
}

/// What `Prefer` asks for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Prefer {
    pub(super) minimal: bool,
    pub(super) representation: bool,
    pub(super) max_affected: Option<u64>,
    pub(super) count: bool,
}

impl Prefer {
    fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut prefer = Self::default();
        let values = headers.get_all("prefer").iter();
        let texts = values.filter_map(|value| value.to_str().ok());
        for preference in texts.flat_map(|text| text.split(',')) {
            match preference.trim() {
                "return=minimal" => prefer.minimal = true,
                "return=representation" => prefer.representation = true,
                "count=exact" => prefer.count = true,
                other => {
                    if let Some(number) = other.strip_prefix("max-affected=") {
                        let number = number.parse().map_err(|_| {
                            Problem::bad_request("`max-affected` in `Prefer` is no number of rows")
                        })?;
                        prefer.max_affected = Some(number);
                    }
                }
            }
        }
        Ok(prefer)
    }
}

impl Call {
    async fn read(
        server: Arc<Server>,
        endpoint: Endpoint,
        [key, version]: [Option<String>; 2],
        request: Request,
    ) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let query = Query::parse(parts.uri.query().unwrap_or_default())?;
        let hidden = server.policy.hidden(&parts);
        let mut known = server.known(endpoint);
        known.retain(|name| !hidden.iter().chain(&server.hidden).any(|it| it == name));
        query.check(&known)?;
        let permanent = query.permanent()?;
        acceptable(&parts.headers)?;
        let (conditions, prefer) = (Conditions::of(&parts)?, Prefer::of(&parts.headers)?);
        let bulk = [
            Endpoint::BulkDelete,
            Endpoint::BulkRestore,
            Endpoint::Create,
        ];
        if conditions.is_match() && bulk.contains(&endpoint) {
            let detail = "there is no single row here that `If-Match` could be about";
            return Err(Problem::bad_request(detail));
        }
        let accepted = match endpoint {
            Endpoint::Create | Endpoint::Replace => Some(Accepted::Json),
            Endpoint::Update => Some(Accepted::Patch),
            _ => None,
        };
        let body = match accepted {
            Some(accepted) => object(&parts, body, accepted, server.body_limit).await?,
            None => Map::new(),
        };
        let meta = parts.extensions.get::<ChangesetMeta>();
        let once = match parts.method.is_safe() {
            true => None,
            false => Once::of(&parts, meta.and_then(|it| it.actor.as_ref()), &body)?,
        };
        if server.needs_key && endpoint == Endpoint::Create && once.is_none() {
            let detail =
                "say in `Idempotency-Key` which request this is: a text that no other one has";
            return Err(Problem::bad_request(detail));
        }
        Ok(Self {
            server,
            endpoint,
            parts,
            key,
            version,
            query,
            permanent,
            conditions,
            prefer,
            hidden,
            body,
            once,
        })
    }

    /// Who makes this request, and why, if a `ChangesetLayer` has found it.
    pub(super) fn meta(&self) -> ChangesetMeta {
        let found = self.parts.extensions.get::<ChangesetMeta>();
        let mut meta = found.cloned().unwrap_or_default();
        if let Some(once) = &self.once {
            once.sign(&mut meta);
        }
        meta
    }

    /// Whether a field must not come out.
    pub(super) fn is_hidden(&self, field: &str) -> bool {
        let mut all = self.server.hidden.iter().chain(&self.hidden);
        all.any(|hidden| hidden == field)
    }
}

impl Server {
    /// The parameters that an endpoint knows.
    pub(super) fn known(&self, endpoint: Endpoint) -> Vec<&str> {
        let filters = || self.filters.iter().map(|filter| filter.name);
        let roles = self.model.roles();
        let has_time = roles.created_at.or(roles.updated_at).is_some();
        let bounds = (has_time || roles.version.is_some()).then_some(["since", "until"]);
        let bounds = bounds.into_iter().flatten();
        match endpoint {
            Endpoint::List | Endpoint::ListDeleted | Endpoint::ListAll => {
                let own = ["limit", "cursor", "order", "fields", "as_of", "permanent"];
                filters().chain(bounds).chain(own).collect()
            }
            Endpoint::BulkDelete | Endpoint::BulkRestore => {
                filters().chain(bounds).chain(["permanent"]).collect()
            }
            Endpoint::Read | Endpoint::ReadAny => vec!["fields", "as_of", "permanent"],
            Endpoint::ReadDeleted => vec!["fields", "permanent"],
            Endpoint::Create | Endpoint::Blame => Vec::new(),
            Endpoint::Replace | Endpoint::Update | Endpoint::Delete | Endpoint::Restore => {
                vec!["permanent"]
            }
            Endpoint::History => vec!["limit", "before"],
            Endpoint::Version => vec!["fields"],
            Endpoint::Diff => vec!["from", "to"],
            Endpoint::RevertPlan | Endpoint::Revert => vec!["to"],
            Endpoint::Gone => vec!["limit", "before"],
        }
    }
}

/// # Errors
/// 406 if the client takes no JSON.
pub(super) fn acceptable(headers: &HeaderMap) -> Result<(), Problem> {
    accepts(headers, "application/json", "application/*")
}

/// # Errors
/// 406 if the client takes nothing of this kind.
pub(super) fn accepts(
    headers: &HeaderMap,
    wanted: &'static str,
    family: &'static str,
) -> Result<(), Problem> {
    let mut ranges = headers.get_all(ACCEPT).iter().peekable();
    if ranges.peek().is_none() {
        return Ok(());
    }
    let takes = |range: &str| {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default();
        let refused = parts.any(|it| matches!(it, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
        let known = ["*/*", family, wanted, ""];
        !refused && known.iter().any(|it| it.eq_ignore_ascii_case(kind))
    };
    let texts = ranges.filter_map(|value| value.to_str().ok());
    if texts.flat_map(|text| text.split(',')).any(takes) {
        return Ok(());
    }
    let (status, title) = (StatusCode::NOT_ACCEPTABLE, "Not acceptable");
    let detail = format!("answers here are {wanted}");
    Err(Problem::new(status, "not-acceptable", title, detail))
}

pub(super) async fn serve(
    server: Arc<Server>,
    place: Place,
    named: [Option<String>; 2],
    request: Request,
) -> Response {
    let method = request.method().clone();
    let Some(endpoint) = place.endpoint(&method) else {
        return other_method(&method, place.allow());
    };
    if let Some(handler) = server.handlers.get(&endpoint) {
        let answered = handler.clone().call(request).await;
        return answered.unwrap_or_else(|never| match never {});
    }
    let response = match Call::read(server, endpoint, named, request).await {
        Ok(call) => answered(Arc::new(call)).await,
        Err(problem) => problem.into_response(),
    };
    match method == Method::HEAD {
        true => headless(response),
        false => response,
    }
}

/// What is answered to a method that is not in the table.
pub(super) fn other_method(method: &Method, allow: HeaderValue) -> Response {
    if *method == Method::OPTIONS {
        return (StatusCode::NO_CONTENT, [(ALLOW, allow)]).into_response();
    }
    let (status, title) = (StatusCode::METHOD_NOT_ALLOWED, "Method not allowed");
    let detail = "see the header `Allow` for what can be done here";
    let problem = Problem::new(status, "method-not-allowed", title, detail);
    problem.header(ALLOW, allow).into_response()
}

/// Without the body, but with its length.
pub(super) fn headless(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let length = axum::body::HttpBody::size_hint(&body).exact();
    if let Some(length) = length.filter(|length| *length > 0) {
        parts.headers.insert(CONTENT_LENGTH, length.into());
    }
    Response::from_parts(parts, Body::empty())
}

async fn answered(call: Arc<Call>) -> Response {
    let (server, endpoint) = (call.server.clone(), call.endpoint);
    let flight = call.once.as_ref().map(|once| server.in_flight.enter(once));
    let flight = match flight.transpose() {
        Ok(flight) => flight,
        Err(problem) => return problem.into_response(),
    };
    let work: Work = Box::new(move |conn| {
        Box::pin(async move {
            let response = tried(&call, conn).await;
            drop(flight);
            response
        })
    });
    server.run(&endpoint, work).await
}

impl Server {
    /// What comes of work with a connection.
    pub(super) async fn run(&self, what: &(dyn Debug + Sync), work: Work) -> Response {
        #[cfg(feature = "tracing")]
        let work = super::trace::traced(what, self.model.name(), work);
        #[cfg(not(feature = "tracing"))]
        let _ = what;
        let done = self.connections.run(work);
        let done = match self.timeout {
            None => done.await,
            Some(most) => match tokio::time::timeout(most, done).await {
                Ok(done) => done,
                Err(_) => {
                    self.failed(&Failure::Timeout);
                    return timeout().into_response();
                }
            },
        };
        match done {
            Ok(response) => response,
            Err(NoConnection::Unavailable(error)) => {
                self.failed(&Failure::NoConnection(&*error));
                busy("no connection to the database is free").into_response()
            }
            Err(NoConnection::Panicked) => {
                self.failed(&Failure::Panicked);
                Problem::internal().into_response()
            }
        }
    }
}

/// 503, and perhaps done.
fn timeout() -> Problem {
    let detail = "it took too long; it may be done or not";
    let (status, title) = (StatusCode::SERVICE_UNAVAILABLE, "Not in time");
    let problem = Problem::new(status, "timeout", title, detail);
    problem.header(http::header::RETRY_AFTER, HeaderValue::from_static("1"))
}

/// 503, to be repeated.
pub(super) fn busy(detail: &'static str) -> Problem {
    let (status, title) = (StatusCode::SERVICE_UNAVAILABLE, "Not now");
    let problem = Problem::new(status, "busy", title, detail);
    problem.header(http::header::RETRY_AFTER, HeaderValue::from_static("1"))
}

async fn tried(call: &Call, conn: &mut dyn Session) -> Response {
    let mut attempts = 1;
    loop {
        let mut done = performed(call, conn).await;
        if let (Err(Refused::Error(Error::Repeated { changeset })), Some(once)) =
            (&done, &call.once)
        {
            done = repeat::again(call, conn, once, *changeset).await;
        }
        match done {
            Ok(response) => return response,
            Err(Refused::Problem(problem)) => return problem.into_response(),
            Err(Refused::Error(error)) if error.is_retryable() && attempts < ATTEMPTS => {
                attempts += 1;
            }
            Err(Refused::Error(error)) => {
                return explained(call, conn, &error).await.into_response();
            }
        }
    }
}

async fn performed(call: &Call, conn: &mut dyn Session) -> Result<Response, Refused> {
    match call.endpoint {
        Endpoint::List | Endpoint::ListDeleted | Endpoint::ListAll => read::list(call, conn).await,
        Endpoint::Read | Endpoint::ReadDeleted | Endpoint::ReadAny => read::one(call, conn).await,
        Endpoint::History => past::history(call, conn).await,
        Endpoint::Version => past::version(call, conn).await,
        Endpoint::Diff => past::diff(call, conn).await,
        Endpoint::Blame => past::blame(call, conn).await,
        Endpoint::RevertPlan => revert::look(call, conn).await,
        Endpoint::Gone => past::gone(call, conn).await,
        _ => write::write(call, conn).await,
    }
}
