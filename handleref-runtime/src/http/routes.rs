//! The table of routes, from which the router and `Allow` are made.

use super::call::serve;
use super::server::Server;
use axum::Router;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use http::header::LOCATION;
use http::{HeaderValue, Method, StatusCode};
use std::sync::Arc;

/// What can be done at a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// `GET /`: rows that are not soft-deleted.
    List,
    /// `POST /`
    Create,
    /// `DELETE /`: all rows of the filter.
    BulkDelete,
    /// `GET /{key}/`
    Read,
    /// `PUT /{key}/`
    Replace,
    /// `PATCH /{key}/`
    Update,
    /// `DELETE /{key}/`
    Delete,
    /// `PATCH /restore/`: all soft-deleted rows of the filter.
    BulkRestore,
    /// `PATCH /{key}/restore/`
    Restore,
    /// `GET /deleted/`
    ListDeleted,
    /// `GET /deleted/{key}/`
    ReadDeleted,
    /// `GET /with-deleted/`
    ListAll,
    /// `GET /with-deleted/{key}/`
    ReadAny,
    /// `GET /history/{key}/`: what happened to a row, newest first, also if it is gone.
    History,
    /// `GET /history/{key}/{version}/`: a row as a version of it was.
    Version,
    /// `GET /history/{key}/diff/`: what differs between two versions.
    Diff,
    /// `GET /history/{key}/blame/`: who set each field to what it is.
    Blame,
    /// `GET /history/{key}/revert/`: what bringing a row back to a version would do.
    RevertPlan,
    /// `POST /history/{key}/revert/`
    Revert,
    /// `GET /history/`: rows that were deleted for good.
    Gone,
}

impl Endpoint {
    pub(super) const ALL: &'static [Self] = &[
        Self::List,
        Self::Create,
        Self::BulkDelete,
        Self::Read,
        Self::Replace,
        Self::Update,
        Self::Delete,
        Self::BulkRestore,
        Self::Restore,
        Self::ListDeleted,
        Self::ReadDeleted,
        Self::ListAll,
        Self::ReadAny,
        Self::History,
        Self::Version,
        Self::Diff,
        Self::Blame,
        Self::RevertPlan,
        Self::Revert,
        Self::Gone,
    ];

    /// Below the path of the resource. The fixed words come before a key.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::List | Self::Create | Self::BulkDelete => "/",
            Self::Read | Self::Replace | Self::Update | Self::Delete => "/{key}/",
            Self::BulkRestore => "/restore/",
            Self::Restore => "/{key}/restore/",
            Self::ListDeleted => "/deleted/",
            Self::ReadDeleted => "/deleted/{key}/",
            Self::ListAll => "/with-deleted/",
            Self::ReadAny => "/with-deleted/{key}/",
            Self::History => "/history/{key}/",
            Self::Version => "/history/{key}/{version}/",
            Self::Diff => "/history/{key}/diff/",
            Self::Blame => "/history/{key}/blame/",
            Self::RevertPlan | Self::Revert => "/history/{key}/revert/",
            Self::Gone => "/history/",
        }
    }

    pub(super) fn method(self) -> Method {
        match self {
            Self::Create | Self::Revert => Method::POST,
            Self::Replace => Method::PUT,
            Self::Update | Self::BulkRestore | Self::Restore => Method::PATCH,
            Self::BulkDelete | Self::Delete => Method::DELETE,
            _ => Method::GET,
        }
    }
}

impl Server {
    /// Whether there is such an endpoint, with what the program and the model say.
    fn offers(&self, endpoint: Endpoint) -> bool {
        let there = match endpoint {
            Endpoint::Create => self.create.is_some(),
            Endpoint::Replace => self.replace.is_some() || self.update.is_some(),
            Endpoint::Update => self.update.is_some(),
            Endpoint::BulkRestore
            | Endpoint::Restore
            | Endpoint::ListDeleted
            | Endpoint::ReadDeleted
            | Endpoint::ListAll
            | Endpoint::ReadAny => self.model.is_soft_deleted(),
            _ => true,
        };
        let handled = self.handlers.contains_key(&endpoint);
        (there || handled) && !self.without.contains(&endpoint)
    }

    /// What is offered at a path, by method.
    pub(super) fn at(&self, path: &str) -> Vec<(Method, Endpoint)> {
        let here = Endpoint::ALL.iter().copied();
        let here = here.filter(|it| it.path() == path && self.offers(*it));
        let mut here: Vec<_> = here.map(|it| (it.method(), it)).collect();
        let replaces = here.iter().any(|(_, it)| *it == Endpoint::Replace);
        if self.post_updates && replaces {
            here.push((Method::POST, Endpoint::Replace));
        }
        here
    }
}

/// What there is at one path.
#[derive(Clone)]
pub(super) struct Place(Arc<Vec<(Method, Endpoint)>>);

impl Place {
    pub(super) fn endpoint(&self, method: &Method) -> Option<Endpoint> {
        // HEAD is GET without the body.
        let method = if *method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        let found = self.0.iter().find(|(it, _)| it == method);
        found.map(|(_, endpoint)| *endpoint)
    }

    /// The value of `Allow`.
    pub(super) fn allow(&self) -> HeaderValue {
        let mut methods: Vec<&str> = self.0.iter().map(|(method, _)| method.as_str()).collect();
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        methods.push("OPTIONS");
        let list = methods.join(", ");
        HeaderValue::try_from(list).unwrap_or(HeaderValue::from_static("OPTIONS"))
    }
}

pub(super) fn router(server: &Arc<Server>, path: &str) -> Router {
    let base = path.trim_end_matches('/');
    let mut router = Router::new();
    let mut paths: Vec<&str> = Endpoint::ALL.iter().map(|it| it.path()).collect();
    paths.dedup();
    for (at, path) in paths.iter().enumerate() {
        let here = server.at(path);
        if here.is_empty() || paths[..at].contains(path) {
            continue;
        }
        let (server, place) = (server.clone(), Place(Arc::new(here)));
        let handler = move |params: Result<RawPathParams, RawPathParamsRejection>,
                            request: Request| {
            let param = |name: &str| {
                let params = params.as_ref().ok()?;
                let found = params.iter().find(|(it, _)| *it == name);
                found.map(|(_, value)| value.to_owned())
            };
            let named = [param("key"), param("version")];
            serve(server.clone(), place.clone(), named, request)
        };
        router = router.route(&format!("{base}{path}"), any(handler));
        let unslashed = format!("{base}{}", path.trim_end_matches('/'));
        if !unslashed.is_empty() {
            router = router.route(&unslashed, any(slashed));
        }
    }
    router
}

/// Sends a client to the same path with a slash at its end. The way is a relative one, since
/// nobody here knows below which path of a server this router is.
async fn slashed(request: Request) -> Response {
    let last = request.uri().path().rsplit('/').next().unwrap_or_default();
    let query = request.uri().query();
    let query = query.map_or(String::new(), |query| format!("?{query}"));
    // `./`, so that a colon is not taken for the end of a scheme.
    match HeaderValue::try_from(format!("./{last}/{query}")) {
        Ok(location) => (StatusCode::PERMANENT_REDIRECT, [(LOCATION, location)]).into_response(),
        Err(_) => super::not_found().await,
    }
}
